//! SQLite's functions: its own file system "unix", with ours in front of those that write, sync, read and forget.
//!
//! The file system is a copy of SQLite's with another `xOpen` and `xDelete`. A file that `xOpen` has opened has its table
//! of functions replaced by a copy with ours in front; there are two tables, as SQLite has one for databases, which it
//! locks, and one for journals, which it does not.

#![allow(unsafe_code, reason = "SQLite calls C functions with C pointers")]

use std::collections::HashMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use parking_lot::Mutex;
use rusqlite::ffi;

use crate::disk::{Act, Disk, Verdict};

/// The disks, by their folders.
static DISKS: Mutex<Vec<(PathBuf, Disk)>> = Mutex::new(Vec::new());

/// The files that are open, by the addresses of SQLite's handles.
static FILES: Mutex<Option<HashMap<usize, Open>>> = Mutex::new(None);

static SYSTEM: OnceLock<System> = OnceLock::new();
static DATABASE: OnceLock<Table> = OnceLock::new();
static JOURNAL: OnceLock<Table> = OnceLock::new();

/// SQLite's own file system, and ours.
struct System {
    theirs: *mut ffi::sqlite3_vfs,
}

// SAFETY: SQLite's file system is registered for the life of the process and says itself that it may be used from any
// thread; we only read the pointers to its functions.
unsafe impl Send for System {}
// SAFETY: as above.
unsafe impl Sync for System {}

/// SQLite's functions for a kind of file, and ours.
struct Table {
    theirs: ffi::sqlite3_io_methods,
    ours: ffi::sqlite3_io_methods,
}

#[derive(Clone)]
struct Open {
    disk: Disk,
    path: PathBuf,
    kind: &'static OnceLock<Table>,
}

/// Puts a folder under watch.
pub(crate) fn watch(folder: &Path, disk: &Disk) {
    SYSTEM.get_or_init(install);
    let mut disks = DISKS.lock();
    disks.retain(|(other, _)| other != folder && other.exists());
    disks.push((folder.to_owned(), disk.clone()));
}

fn install() -> System {
    // SAFETY: both calls are made as SQLite's documentation says; the copy lives as long as the process, as its name and
    // its application data do, which are the ones of the original but for the name.
    unsafe {
        assert_eq!(ffi::sqlite3_initialize(), ffi::SQLITE_OK);
        let theirs = ffi::sqlite3_vfs_find(c"unix".as_ptr());
        assert!(!theirs.is_null(), "SQLite has its own file system");
        let mut ours = Box::new(*theirs);
        ours.zName = c"posthorn-disk".as_ptr();
        ours.pNext = std::ptr::null_mut();
        ours.xOpen = Some(open);
        ours.xDelete = Some(delete);
        assert_eq!(ffi::sqlite3_vfs_register(Box::leak(ours), 1), ffi::SQLITE_OK);
        System { theirs }
    }
}

fn theirs() -> *mut ffi::sqlite3_vfs {
    SYSTEM.get().expect("it was installed before it was called").theirs
}

fn disk_of(name: *const c_char) -> Option<(Disk, PathBuf)> {
    if name.is_null() {
        return None;
    }
    // SAFETY: SQLite's names end with NUL and live as long as the call.
    let name = unsafe { CStr::from_ptr(name) };
    let path = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
    let disks = DISKS.lock();
    let disk = disks.iter().find(|(folder, _)| path.starts_with(folder)).map(|(_, disk)| disk.clone())?;
    Some((disk, path))
}

fn opened(file: *mut ffi::sqlite3_file) -> Open {
    let files = FILES.lock();
    let found = files.as_ref().and_then(|files| files.get(&file.addr())).cloned();
    found.expect("only files that were opened here have our functions")
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let watched = disk_of(name).filter(|_| flags & (ffi::SQLITE_OPEN_MAIN_DB | ffi::SQLITE_OPEN_WAL) != 0);
    if let Some((disk, _)) = &watched
        && disk.judge(Act::Open) != Verdict::Go
    {
        // SAFETY: SQLite gives room for a file; without functions it is not closed.
        unsafe { (*file).pMethods = std::ptr::null() };
        return ffi::SQLITE_CANTOPEN;
    }
    let was_there = watched.as_ref().is_some_and(|(_, path)| path.exists());
    // SAFETY: the call is passed on as it came, to the file system whose copy this is.
    let code = unsafe { ((*theirs()).xOpen.expect("it opens files"))(theirs(), name, file, flags, out) };
    if let (ffi::SQLITE_OK, Some((disk, path))) = (code, watched) {
        if was_there {
            disk.opened(&path);
        } else {
            disk.made(&path);
        }
        let kind = if flags & ffi::SQLITE_OPEN_MAIN_DB != 0 { &DATABASE } else { &JOURNAL };
        // SAFETY: an open file has its table of functions, which is static and is copied; ours lives as long.
        unsafe {
            let table = kind.get_or_init(|| table(*(*file).pMethods));
            (*file).pMethods = &raw const table.ours;
        }
        let open = Open { disk, path, kind };
        FILES.lock().get_or_insert_default().insert(file.addr(), open);
    }
    code
}

fn table(theirs: ffi::sqlite3_io_methods) -> Table {
    let mut ours = theirs;
    ours.xClose = Some(close);
    ours.xRead = Some(read);
    ours.xWrite = Some(write);
    ours.xTruncate = Some(truncate);
    ours.xSync = Some(sync);
    // Pages in memory would be read past us.
    ours.xFetch = Some(fetch);
    ours.xUnfetch = Some(unfetch);
    Table { theirs, ours }
}

fn methods(open: &Open) -> &'static ffi::sqlite3_io_methods {
    &open.kind.get().expect("a file that is open has its table").theirs
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, durably: c_int) -> c_int {
    let disk = disk_of(name).map(|(disk, _)| disk);
    let verdict = disk.as_ref().map_or(Verdict::Go, |disk| disk.judge(Act::Delete));
    if !matches!(verdict, Verdict::Go | Verdict::LastGo) {
        return ffi::SQLITE_IOERR_DELETE;
    }
    // SAFETY: the call is passed on as it came.
    let code = unsafe { ((*theirs()).xDelete.expect("it deletes files"))(theirs(), name, durably) };
    end(disk.as_ref(), verdict, code)
}

/// An act that is done, after which the power may be cut.
fn end(disk: Option<&Disk>, verdict: Verdict, code: c_int) -> c_int {
    match (disk, verdict) {
        (Some(disk), Verdict::LastGo) => {
            disk.cut();
            ffi::SQLITE_IOERR
        }
        _ => code,
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let open = opened(file);
    FILES.lock().get_or_insert_default().remove(&file.addr());
    // SAFETY: the call is passed on as it came.
    unsafe { (methods(&open).xClose.expect("it closes"))(file) }
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, out: *mut c_void, count: c_int, at: i64) -> c_int {
    let open = opened(file);
    if open.disk.judge(Act::Read) != Verdict::Go {
        return ffi::SQLITE_IOERR_READ;
    }
    // SAFETY: the call is passed on as it came.
    unsafe { (methods(&open).xRead.expect("it reads"))(file, out, count, at) }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, octets: *const c_void, count: c_int, at: i64) -> c_int {
    let open = opened(file);
    let verdict = open.disk.judge(Act::Write);
    let count = match verdict {
        Verdict::Go | Verdict::LastGo => count,
        Verdict::Half => count / 2,
        Verdict::Full => return ffi::SQLITE_FULL,
        Verdict::Fail => return ffi::SQLITE_IOERR_WRITE,
    };
    // SAFETY: the call is passed on as it came, or with fewer of its octets.
    let code = unsafe { (methods(&open).xWrite.expect("it writes"))(file, octets, count, at) };
    if verdict == Verdict::Half { ffi::SQLITE_IOERR_WRITE } else { end(Some(&open.disk), verdict, code) }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: i64) -> c_int {
    let open = opened(file);
    let verdict = open.disk.judge(Act::Truncate);
    if !matches!(verdict, Verdict::Go | Verdict::LastGo) {
        return ffi::SQLITE_IOERR_TRUNCATE;
    }
    // SAFETY: the call is passed on as it came.
    let code = unsafe { (methods(&open).xTruncate.expect("it truncates"))(file, length) };
    end(Some(&open.disk), verdict, code)
}

/// Nothing is synced for real: what a real loss of power would do is not what is tested, and it takes its time.
unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    let open = opened(file);
    if open.disk.judge(Act::Sync) != Verdict::Go {
        return ffi::SQLITE_IOERR_FSYNC;
    }
    open.disk.synced(&open.path);
    ffi::SQLITE_OK
}

unsafe extern "C" fn fetch(_: *mut ffi::sqlite3_file, _: i64, _: c_int, out: *mut *mut c_void) -> c_int {
    // SAFETY: SQLite gives a place for a pointer; none says that it has to read.
    unsafe { *out = std::ptr::null_mut() };
    ffi::SQLITE_OK
}

unsafe extern "C" fn unfetch(_: *mut ffi::sqlite3_file, _: i64, _: *mut c_void) -> c_int {
    ffi::SQLITE_OK
}

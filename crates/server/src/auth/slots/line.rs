//! Those who wait for a place, fairly: addresses take turns, however many callers each of them has.

use std::collections::VecDeque;

use super::Crowded;
use crate::auth::Network;

/// How many of one address may wait in a line.
const OF_ONE_ADDRESS: usize = 32;

/// How many may wait in a line. Each waits on a thread of the blocking pool.
const ALL: usize = 192;

/// A line: the callers of each address in the order in which they came, the addresses in the order of their turns.
#[derive(Default)]
pub(super) struct Line {
    addresses: VecDeque<(Network, VecDeque<u64>)>,
    len: usize,
}

impl Line {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Takes a caller's ticket in, if there is room.
    pub(super) fn join(&mut self, address: Network, ticket: u64) -> Result<(), Crowded> {
        let of_address = self.addresses.iter_mut().find(|(waits, _)| *waits == address);
        if self.len >= ALL || of_address.as_ref().is_some_and(|(_, tickets)| tickets.len() >= OF_ONE_ADDRESS) {
            return Err(Crowded);
        }
        match of_address {
            Some((_, tickets)) => tickets.push_back(ticket),
            None => self.addresses.push_back((address, VecDeque::from([ticket]))),
        }
        self.len += 1;
        Ok(())
    }

    /// Whose turn it is.
    pub(super) fn first(&self) -> Option<u64> {
        self.addresses.front().and_then(|(_, tickets)| tickets.front().copied())
    }

    /// The first one goes; the next turn is another address's, if another one waits.
    pub(super) fn advance(&mut self) {
        if let Some((address, mut tickets)) = self.addresses.pop_front() {
            self.len -= usize::from(tickets.pop_front().is_some());
            if !tickets.is_empty() {
                self.addresses.push_back((address, tickets));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_many_callers_keeps_no_other_waiting() {
        let mut line = Line::default();
        let [loud, quiet] = [Network::V4([192, 0, 2, 1]), Network::V4([192, 0, 2, 2])];
        let joined = (0..100).filter(|ticket| line.join(loud, *ticket).is_ok()).count();
        assert_eq!(joined, OF_ONE_ADDRESS);
        assert_eq!(line.join(quiet, 100), Ok(()));
        let mut order = Vec::new();
        while let Some(ticket) = line.first() {
            order.push(ticket);
            line.advance();
        }
        assert_eq!(order[..3], [0, 100, 1]);
        assert_eq!((order.len(), line.len()), (OF_ONE_ADDRESS + 1, 0));
    }

    #[test]
    fn a_line_has_an_end() {
        let mut line = Line::default();
        let joined = (0..=255).filter(|n| line.join(Network::V4([192, 0, 2, *n]), u64::from(*n)).is_ok()).count();
        assert_eq!(joined, ALL);
    }
}

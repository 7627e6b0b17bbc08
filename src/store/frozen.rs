//! Storage as it is: what is written to it stays in memory and is gone with it.
//!
//! redb has to write before it can open a file that was not closed cleanly. Through this layer a
//! file can be looked at without being changed: to see its version before anything touches it,
//! and to go on reading from a disk that no longer takes writes.

use redb::{BackendError, StorageBackend};
use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::{Mutex, PoisonError};

const PAGE: u64 = 4_096;

/// A backend whose writes stay in memory.
#[derive(Debug)]
pub(in crate::store) struct Frozen {
    inner: Box<dyn StorageBackend>,
    /// Whether locks are taken below: a file opened to read only has none to give.
    locks: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    len: u64,
    /// From here on the storage below shows nothing: it was cut off at least once.
    below: u64,
    /// Pages written to, by number.
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Frozen {
    pub(in crate::store) fn new(inner: Box<dyn StorageBackend>, locks: bool) -> io::Result<Frozen> {
        let len = inner.len()?;
        Ok(Frozen { inner, locks, state: Mutex::new(State { len, below: len, pages: BTreeMap::new() }) })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the storage below has from `offset` on, zeros past its end.
    fn read_below(&self, state: &State, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = usize::try_from(state.below.saturating_sub(offset)).unwrap_or(usize::MAX).min(out.len());
        let (shown, past) = out.split_at_mut(there);
        past.fill(0);
        if shown.is_empty() { Ok(()) } else { self.inner.read(offset, shown) }
    }

    fn within(state: &State, offset: u64, bytes: usize) -> io::Result<()> {
        let end = offset.checked_add(bytes as u64);
        if end.is_some_and(|end| end <= state.len) { Ok(()) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }
}

/// The parts of `bytes` bytes from `offset` on: page, place in it, place in the buffer, length.
fn parts(offset: u64, bytes: usize) -> impl Iterator<Item = (u64, usize, usize, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let inside = usize::try_from(at % PAGE).ok()?;
        let take = (PAGE as usize - inside).min(bytes - done);
        let part = (at / PAGE, inside, done, take);
        done += take;
        (take > 0).then_some(part)
    })
}

impl StorageBackend for Frozen {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        Frozen::within(&state, offset, out.len())?;
        self.read_below(&state, offset, out)?;
        for (number, inside, done, take) in parts(offset, out.len()) {
            if let Some(page) = state.pages.get(&number)
                && let (Some(to), Some(from)) = (out.get_mut(done..done + take), page.get(inside..inside + take))
            {
                to.copy_from_slice(from);
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        if len < state.len {
            state.pages.split_off(&len.div_ceil(PAGE));
            let tail = usize::try_from(len % PAGE).unwrap_or(0);
            if let Some(page) = state.pages.get_mut(&(len / PAGE)) {
                page.iter_mut().skip(tail).for_each(|byte| *byte = 0);
            }
            state.below = state.below.min(len);
        }
        state.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        Frozen::within(&state, offset, data.len())?;
        for (number, inside, done, take) in parts(offset, data.len()) {
            if !state.pages.contains_key(&number) {
                let mut page = vec![0; PAGE as usize];
                self.read_below(&state, number * PAGE, &mut page)?;
                state.pages.insert(number, page);
            }
            if let Some(page) = state.pages.get_mut(&number)
                && let (Some(to), Some(from)) = (page.get_mut(inside..inside + take), data.get(done..done + take))
            {
                to.copy_from_slice(from);
            }
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        if self.locks { self.inner.try_lock_range(start, end) } else { Err(BackendError::Unsupported) }
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        if self.locks { self.inner.try_lock_shared_range(start, end) } else { Err(BackendError::Unsupported) }
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        if self.locks { self.inner.lock_range(start, end) } else { Err(BackendError::Unsupported) }
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        if self.locks { self.inner.lock_shared_range(start, end) } else { Err(BackendError::Unsupported) }
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        if self.locks { self.inner.unlock_range(start, end) } else { Err(BackendError::Unsupported) }
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        if self.locks { self.inner.query_lock_range(start, end) } else { Err(BackendError::Unsupported) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use redb::backends::InMemoryBackend;

    #[derive(Debug, Clone)]
    enum Step {
        SetLen(u64),
        Write(u64, Vec<u8>),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0..20_000u64).prop_map(Step::SetLen),
            (0..20_000u64, proptest::collection::vec(1..=255u8, 1..9_000)).prop_map(|(at, data)| Step::Write(at, data)),
        ];
        proptest::collection::vec(step, 1..12)
    }

    proptest! {
        #[test]
        fn it_behaves_as_memory_does_and_what_is_below_stays(
            original in proptest::collection::vec(1..=255u8, 0..20_000),
            steps in steps(),
        ) {
            let below = InMemoryBackend::new();
            below.set_len(original.len() as u64).unwrap();
            below.write(0, &original).unwrap();
            let frozen = Frozen::new(Box::new(below), false).unwrap();
            let mut model = original.clone();
            for step in steps {
                match step {
                    Step::SetLen(len) => {
                        frozen.set_len(len).unwrap();
                        model.resize(usize::try_from(len).unwrap(), 0);
                    }
                    Step::Write(at, data) => {
                        let start = usize::try_from(at).unwrap();
                        let fits = start + data.len() <= model.len();
                        prop_assert_eq!(frozen.write(at, &data).is_ok(), fits);
                        if fits {
                            model[start..start + data.len()].copy_from_slice(&data);
                        }
                    }
                }
                let mut shown = vec![0; model.len()];
                frozen.read(0, &mut shown).unwrap();
                prop_assert_eq!(&shown, &model);
                prop_assert!(frozen.read(1, &mut shown).is_err() || shown.is_empty());
            }
            let mut kept = vec![0; original.len()];
            frozen.inner.read(0, &mut kept).unwrap();
            prop_assert_eq!(kept, original);
        }
    }
}

//! The runs of a study that are still to be done, shared by its workers.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use burn::train::Interrupter;

/// Which runs are to be done, in order, and how many are under way. A run that is
/// taken comes back or is done.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// Runs by number, and from when on each may be taken.
    open: VecDeque<(usize, Instant)>,
    under_way: usize,
    closed: bool,
}

/// How often a worker that waits looks up.
const GLANCE: Duration = Duration::from_millis(200);

impl Queue {
    /// A queue of these runs.
    pub fn new(runs: impl IntoIterator<Item = usize>) -> Self {
        let now = Instant::now();
        Self {
            state: Mutex::new(State {
                open: runs.into_iter().map(|run| (run, now)).collect(),
                under_way: 0,
                closed: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// The next run to do; waits while all are under way, as one may come back.
    /// `None` once all are done, the queue is closed or the study is to stop.
    pub fn take(&self, interrupter: &Interrupter) -> Option<usize> {
        let mut state = self.state();
        loop {
            if state.closed || interrupter.should_stop() {
                return None;
            }
            if state.open.is_empty() && state.under_way == 0 {
                return None;
            }
            let now = Instant::now();
            if let Some(place) = state.open.iter().position(|(_, from)| *from <= now) {
                let (run, _) = state.open.remove(place)?;
                state.under_way += 1;
                return Some(run);
            }
            // A worker that panicked has already been caught.
            let waited = self.changed.wait_timeout(state, GLANCE);
            state = waited.unwrap_or_else(|e| e.into_inner()).0;
        }
    }

    /// The run that was taken is done, or cannot be.
    pub fn done(&self) {
        self.state().under_way -= 1;
        self.changed.notify_all();
    }

    /// The run that was taken comes back, to be taken again not before `pause` is
    /// over.
    pub fn put_back(&self, run: usize, pause: Duration) {
        let mut state = self.state();
        state.under_way -= 1;
        let entry = (run, Instant::now() + pause);
        match pause.is_zero() {
            true => state.open.push_front(entry),
            false => state.open.push_back(entry),
        }
        self.changed.notify_all();
    }

    /// No run is to be taken any more.
    pub fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    /// How many runs nobody is at.
    pub fn left(&self) -> usize {
        self.state().open.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn each_run_is_taken_once_and_in_order() {
        let queue = Queue::new([3, 1, 2]);
        let go = Interrupter::new();
        for run in [3, 1, 2] {
            assert_eq!(queue.take(&go), Some(run));
        }
        (0..3).for_each(|_| queue.done());
        assert_eq!(queue.take(&go), None);
    }

    #[test]
    fn what_comes_back_is_waited_for() {
        let queue = Queue::new([7]);
        let go = Interrupter::new();
        assert_eq!(queue.take(&go), Some(7));
        std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                let run = queue.take(&go);
                queue.done();
                run
            });
            queue.put_back(7, Duration::from_millis(10));
            assert_eq!(other.join().unwrap(), Some(7));
        });
        assert_eq!((queue.take(&go), queue.left()), (None, 0));
    }

    #[test]
    fn many_workers_do_all_once() {
        let queue = Queue::new(0..100);
        let go = Interrupter::new();
        let counts: Vec<AtomicUsize> = (0..100).map(|_| AtomicUsize::new(0)).collect();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while let Some(run) = queue.take(&go) {
                        // Every third run comes back once.
                        let before = counts[run].fetch_add(1, Ordering::Relaxed);
                        match run % 3 == 0 && before == 0 {
                            true => queue.put_back(run, Duration::from_millis(1)),
                            false => queue.done(),
                        }
                    }
                });
            }
        });
        for (run, count) in counts.iter().enumerate() {
            let expected = if run % 3 == 0 { 2 } else { 1 };
            assert_eq!(count.load(Ordering::Relaxed), expected, "run {run}");
        }
    }

    #[test]
    fn a_closed_or_stopped_queue_gives_nothing() {
        let queue = Queue::new([0, 1]);
        let stop = Interrupter::new();
        stop.stop(None);
        assert_eq!(queue.take(&stop), None);
        queue.close();
        assert_eq!(queue.take(&Interrupter::new()), None);
        assert_eq!(queue.left(), 2);
    }
}

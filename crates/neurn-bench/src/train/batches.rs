//! Batches of host memory -> batches on a device, prepared ahead on a thread of
//! their own where that is worth it.
//!
//! Burn's own loader with workers gives batches in the order in which they are
//! ready, so that the same seed would not give the same network, and holds a
//! hundred of them.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::{Device, Int, Tensor, TensorData};
use neurn_models::Frontend;

/// A batch on a device.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[N, C, H, W]`
    pub images: Tensor<4>,
    /// `[N]`
    pub labels: Tensor<1, Int>,
}

/// A batch in the memory of the host.
#[derive(Clone, Debug)]
pub(super) struct Stacked {
    /// `[N, C, H, W]`
    pub(super) images: TensorData,
    /// `[N]`
    pub(super) labels: TensorData,
}

/// Puts batches on a device and through a frontend, in their order.
#[derive(Clone)]
pub(super) struct Batches {
    pub(super) loader: Arc<dyn DataLoader<Stacked>>,
    /// Whether a thread prepares batches while those before are learnt from.
    pub(super) ahead: bool,
    pub(super) frontend: Option<Frontend>,
    pub(super) device: Device,
}

/// So many batches wait at most, besides the one that is being prepared.
const AHEAD: usize = 2;

type Prepared = Result<Stacked, DatasetError>;

impl DataLoader<Batch> for Batches {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Batch> + 'a> {
        let from = match self.ahead {
            true => From::Thread(Thread::start(self.loader.clone())),
            false => From::Loader(self.loader.iter()),
        };
        Box::new(OnDevice {
            from,
            batches: self,
            seen: 0,
        })
    }

    fn num_items(&self) -> usize {
        self.loader.num_items()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<Batch>> {
        Arc::new(Self {
            loader: self.loader.to_device(device),
            device: device.clone(),
            ..self.clone()
        })
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<Batch>> {
        Arc::new(Self {
            loader: self.loader.slice(start, end),
            ..self.clone()
        })
    }
}

struct OnDevice<'a> {
    from: From<'a>,
    batches: &'a Batches,
    seen: usize,
}

enum From<'a> {
    Loader(Box<dyn DataLoaderIterator<Stacked> + 'a>),
    Thread(Thread),
}

impl Iterator for OnDevice<'_> {
    type Item = Result<Batch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let stacked = match &mut self.from {
            From::Loader(loader) => loader.next(),
            From::Thread(thread) => thread.next(),
        };
        let Stacked { images, labels } = match stacked? {
            Ok(stacked) => stacked,
            Err(error) => return Some(Err(error)),
        };
        self.seen += labels.shape()[0];
        let device = &self.batches.device;
        let images = Tensor::from_data(images, device);
        Some(Ok(Batch {
            images: match &self.batches.frontend {
                Some(frontend) => frontend.forward(images),
                None => images,
            },
            labels: Tensor::from_data(labels, device),
        }))
    }
}

impl DataLoaderIterator<Batch> for OnDevice<'_> {
    fn progress(&self) -> Progress {
        let unit = Some("items".to_string());
        Progress::new(self.seen, self.batches.num_items(), unit)
    }
}

/// A thread that goes through a loader. It ends when nobody listens any more.
struct Thread {
    prepared: Receiver<Prepared>,
    handle: Option<JoinHandle<()>>,
}

impl Thread {
    fn start(loader: Arc<dyn DataLoader<Stacked>>) -> Self {
        let (sender, prepared) = sync_channel(AHEAD);
        let handle = thread::spawn(move || {
            for batch in loader.iter() {
                let failed = batch.is_err();
                if sender.send(batch).is_err() || failed {
                    break;
                }
            }
        });
        Self {
            prepared,
            handle: Some(handle),
        }
    }

    fn next(&mut self) -> Option<Prepared> {
        if let Ok(batch) = self.prepared.recv() {
            return Some(batch);
        }
        // That it ended is an end only if it did not panic.
        if let Some(Err(panic)) = self.handle.take().map(JoinHandle::join) {
            resume_unwind(panic);
        }
        None
    }
}

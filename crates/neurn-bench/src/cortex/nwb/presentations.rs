//! When every scene was shown.

use super::file::NwbFile;
use crate::cortex::CortexError;

/// Where the table is, by order of preference.
const TABLES: [&str; 2] = [
    "stimulus/presentation/natural_scenes_stimulus",
    "stimulus/presentation/natural_scenes",
];

/// What a blank has in place of the number of a scene.
const BLANK: f64 = -1.0;

/// Images a second; the microscopes have 30.
const RATES: [f64; 2] = [5.0, 100.0];

/// Seconds that the median presentation lasts: 0.25, plus or minus what
/// rounding to frames of a thirtieth of a second at both ends makes of it.
const WINDOWS: [f64; 2] = [0.2, 0.3];

/// Seconds that any presentation lasts at most: frames may be dropped.
const LONGEST: f64 = 1.0;

/// The two-photon frames from `start` to before `end`, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Presentation {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The two-photon frames of a session.
pub(super) struct Timing {
    frames: usize,
    /// Frames a second.
    rate: f64,
}

impl Timing {
    /// Reads the second of every one of `frames`.
    pub(super) fn read(file: &NwbFile, name: &str, frames: usize) -> Result<Self, CortexError> {
        let (shape, seconds) = file.numbers(name)?;
        if shape != [frames] {
            let expected = format!("[{frames}], as the traces have frames");
            return Err(file.error(name, expected, format!("{shape:?}")));
        }
        let rising = |pair: &[f64]| pair[0].is_finite() && pair[1].is_finite() && pair[0] < pair[1];
        if let Some(frame) = seconds.windows(2).position(|pair| !rising(pair)) {
            let found = format!("{} before {}", seconds[frame], seconds[frame + 1]);
            return Err(file.error(name, "rising seconds", found));
        }
        let rate = match seconds[..] {
            [first, .., last] => (frames - 1) as f64 / (last - first),
            _ => return Err(file.error(name, "at least two frames", frames.to_string())),
        };
        if !(RATES[0]..=RATES[1]).contains(&rate) {
            let expected = format!("{} to {} frames a second", RATES[0], RATES[1]);
            return Err(file.error(name, expected, rate.to_string()));
        }
        Ok(Self { frames, rate })
    }
}

/// The presentations of all scenes, once in every repeat, in the order of
/// time. There is at least one repeat.
pub(super) fn repeats(
    file: &NwbFile,
    scenes: usize,
    timing: &Timing,
) -> Result<Vec<Vec<Presentation>>, CortexError> {
    let group = TABLES
        .into_iter()
        .find(|group| file.has(group))
        .ok_or_else(|| file.error(TABLES[0], "the stimulus table", "none"))?;
    let data = format!("{group}/data");
    let mut rows: Vec<_> = numbers(file, &data)?
        .into_iter()
        .zip(windows(file, group, timing)?)
        .collect();
    rows.sort_by_key(|(_, presentation)| (presentation.start, presentation.end));

    let mut shown = vec![Vec::new(); scenes];
    for (number, presentation) in rows {
        if number == BLANK {
            continue;
        }
        let scene = number as usize;
        if scene as f64 != number || scene >= scenes {
            let expected = format!("-1 or a scene from 0 to {}", scenes - 1);
            return Err(file.error(&data, expected, number.to_string()));
        }
        shown[scene].push(presentation);
    }
    let fewest = shown.iter().map(Vec::len).min().unwrap_or_default();
    if fewest == 0 {
        let found = match shown.iter().position(Vec::is_empty) {
            Some(scene) => format!("none of scene {scene}"),
            None => "no scenes".to_owned(),
        };
        return Err(file.error(&data, "a presentation of every scene", found));
    }
    let repeat = |repeat: usize| shown.iter().map(|scene| scene[repeat]).collect();
    Ok((0..fewest).map(repeat).collect())
}

/// One number a presentation, `[presentations]` or `[presentations, 1]`.
fn numbers(file: &NwbFile, name: &str) -> Result<Vec<f64>, CortexError> {
    let (shape, numbers) = file.numbers(name)?;
    match shape[..] {
        [_] | [_, 1] => Ok(numbers),
        _ => Err(file.error(name, "[presentations]", format!("{shape:?}"))),
    }
}

/// The frames of every presentation in the table.
fn windows(file: &NwbFile, group: &str, timing: &Timing) -> Result<Vec<Presentation>, CortexError> {
    let count = numbers(file, &format!("{group}/data"))?.len();
    let name = format!("{group}/frame_duration");
    let (shape, bounds) = file.numbers(&name)?;
    if shape != [count, 2] {
        let expected = format!("[{count}, 2], as data has presentations");
        return Err(file.error(&name, expected, format!("{shape:?}")));
    }
    // Two presentations share no frame but perhaps the one they meet in.
    if count == 0 || count > timing.frames {
        let expected = format!("from 1 to {} presentations", timing.frames);
        return Err(file.error(&name, expected, count.to_string()));
    }
    let longest = LONGEST * timing.rate;
    let mut lengths = Vec::with_capacity(count);
    let mut windows = Vec::with_capacity(count);
    for row in bounds.chunks_exact(2) {
        // Whole numbers that may be stored as others; cut off as the AllenSDK
        // does.
        let [start, end] = [row[0].trunc(), row[1].trunc()];
        let inside = start >= 0.0 && start < end && end <= timing.frames as f64;
        if !inside || end - start > longest {
            let expected = format!(
                "at least one frame and at most {longest:.1}, from 0 to {}",
                timing.frames
            );
            return Err(file.error(&name, expected, format!("{start} to {end}")));
        }
        lengths.push(end - start);
        windows.push(Presentation {
            start: start as usize,
            end: end as usize,
        });
    }
    lengths.sort_by(f64::total_cmp);
    let median = lengths[count / 2] / timing.rate;
    if !(WINDOWS[0]..=WINDOWS[1]).contains(&median) {
        let [shortest, longest] = WINDOWS;
        let expected = format!("presentations of {shortest} to {longest} s");
        return Err(file.error(&name, expected, format!("{median:.3} s")));
    }
    Ok(windows)
}

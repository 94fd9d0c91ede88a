mod formats;
mod gaps;
mod look;
mod made_up;
mod numbers;

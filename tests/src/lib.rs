//! Stories of users, told by running the program: see `stories/`. Numerical goldens are in `goldens/`; what strangers' bytes are given to
//! is in [`fuzzing`].

pub mod fuzzing;

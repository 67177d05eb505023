//! Stories of users, told by running the program: see `stories/`. Numerical goldens are in `goldens/`.

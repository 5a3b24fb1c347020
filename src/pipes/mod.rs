//! Pipes (`?pipe=header(Name,value)|trickle(d1)`): changes to a whole response, one after another.

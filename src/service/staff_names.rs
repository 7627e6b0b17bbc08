//! Names that nobody else may imitate: those of the people who write and run the blog.

use crate::domain::actor::Role;
use crate::domain::look_alike::{look_alike, looks};
use crate::error::{Error, Result};
use crate::store;
use crate::store::Snapshot;

const IMITATION: &str =
    "This name looks too much like that of somebody who writes or runs this site. Please choose another.";

/// Refuses a name for somebody of this role, as an error of `field`, if it looks like the user name or the display
/// name of somebody with a higher role. Authors may share a name, and so may readers. Disabled accounts count, because
/// their names still stand beside what they wrote.
pub(in crate::service) fn check(txn: &impl Snapshot, field: &'static str, name: &str, role: Role) -> Result<()> {
    let wanted = looks(name);
    let mut staff = store::users::all(txn)?.into_iter().filter(|user| user.role > role);
    let imitates = staff.any(|user| {
        let of_staff = |name: &str| look_alike(&wanted, &looks(name));
        of_staff(user.username.as_str()) || of_staff(&user.display_name)
    });
    if imitates { Err(Error::field(field, IMITATION)) } else { Ok(()) }
}

//! The devices where a user is signed in, and signing them out.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use session_runtime::csrf::Csrf;
use session_runtime::store::SessionInfo;
use session_runtime::{Session, StoreKey, Timestamp};

use super::pages::{self, Devices, Frame};
use super::visit::Notice;
use super::{Answer, Outcome, Site, Visit, user_or_sign_in};

/// `GET /devices`
pub(crate) async fn devices(site: &Site, session: Session<Visit>, csrf: Csrf) -> Outcome {
    let user = user_or_sign_in!(site, &session);
    let this = session.id();
    let mut infos = site.sessions.list::<Visit>(&user.id).await?;
    infos.sort_by_key(|info| (Some(info.id()) != this, std::cmp::Reverse(info.last_seen())));
    let devices = infos.iter().map(|info| device(info, this.as_deref())).collect();
    Answer::page(&Devices { devices, frame: Frame::new(site, &session, &csrf).await? })
}

fn device(info: &SessionInfo, this: Option<&str>) -> pages::Device {
    let id = info.id();
    // The JSON text of the field. It is missing if the browser did not send its name.
    let agent = info.record.fields.get("browser").and_then(|text| serde_json::from_str(text).ok());
    pages::Device {
        browser: browser_name(agent.unwrap_or_default()),
        created: ago(info.record.created_at),
        last_seen: ago(info.last_seen()),
        is_this: this == Some(&id),
        id,
    }
}

#[derive(Deserialize)]
pub(crate) struct Device {
    id: String,
}

/// `POST /devices/sign-out`
pub(crate) async fn end_device(site: &Site, session: Session<Visit>, form: Device) -> Outcome {
    let user = user_or_sign_in!(site, &session);
    // Nobody may delete the sessions of others: the id must be in this user's list.
    let infos = site.sessions.list::<Visit>(&user.id).await?;
    if let Some(info) = infos.iter().find(|info| info.id() == form.id) {
        site.sessions.delete(&info.key).await?;
    }
    session.flash_notices(Notice::good("That device is signed out."));
    Ok(Answer::see_other("/devices"))
}

/// `POST /devices/sign-out-others`
pub(crate) async fn end_others(site: &Site, session: Session<Visit>) -> Outcome {
    let user = user_or_sign_in!(site, &session);
    if let Some(this) = session.id() {
        site.sessions.delete_others::<Visit>(&user.id, &this.parse::<StoreKey>()?).await?;
    }
    session.flash_notices(Notice::good("All other devices are signed out."));
    Ok(Answer::see_other("/devices"))
}

/// A name by which people recognise their devices.
fn browser_name(agent: String) -> String {
    let first = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "Unknown browser".to_owned(),
    }
}

fn ago(time: Timestamp) -> String {
    let passed = Timestamp::from(SystemTime::now()).saturating_since(time);
    let units = [(24 * 60 * 60, "day"), (60 * 60, "hour"), (60, "minute")];
    let unit = units.into_iter().find(|(seconds, _)| passed >= Duration::from_secs(*seconds));
    match unit.map(|(seconds, name)| (passed.as_secs() / seconds, name)) {
        None => "just now".to_owned(),
        Some((1, name)) => format!("1 {name} ago"),
        Some((count, name)) => format!("{count} {name}s ago"),
    }
}

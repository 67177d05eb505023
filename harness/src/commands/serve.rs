//! `gentron serve`: the study's form, and the operator's page.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::cli::ServeArgs;
use crate::failure::{Explain as _, Outcome};
use crate::progress;
use crate::study::folder::Folder;
use crate::study::serve::{App, Limits, operator_router, router, serve};
use crate::table;

/// Serves until it is asked to stop.
///
/// # Errors
/// The study is damaged or in use, or an address is taken.
pub fn run(args: &ServeArgs) -> anyhow::Result<Outcome> {
    let folder = Folder::open(&args.study)?;
    // In the environment, where no list of processes shows its password.
    let database = args.database.clone().or_else(|| std::env::var("GENTRON_DATABASE").ok());
    let app = App::open(&folder, database.as_deref(), args.origin.clone())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (form, address) = listen(args.listen).await?;
        let (operator, operator_address) = listen(args.operator).await?;
        let origin = args.origin.clone().unwrap_or_else(|| format!("http://{address}"));
        let how =
            if folder.study.plan.open { "open to all" } else { "by invitation: `gentron study invite` makes links" };
        let text =
            format!("form: {origin}/ ({how})\noperator: http://{operator_address}/enter?key={}\n", app.secret.operator);
        table::print(&text)?;
        if !address.ip().is_loopback() && args.origin.is_none() {
            progress::say(
                "note: answers travel unencrypted; put a proxy with HTTPS in front, and name its address with --origin",
            );
        }
        let limits =
            Limits { connections: args.connections, per_address: args.connections_per_address, ..Limits::default() };
        let operators = serve(operator, operator_router(app.clone()), Limits::default());
        tokio::try_join!(serve(form, router(app), limits), operators)?;
        Ok(Outcome::Done)
    })
}

pub(super) async fn listen(address: SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let taken = || {
        (
            format!("cannot listen on {address}"),
            "choose another with --listen or --operator; port 0 takes any that is free",
        )
    };
    let listener = TcpListener::bind(address).await.explain(taken)?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

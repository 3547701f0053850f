//! nginx.

use std::fmt;
use std::path::PathBuf;

use anyhow::Result;

use super::folder::Folder;
use super::process::{Account, Launch, Signal, find};
use super::{Recipe, talk};

pub(super) struct Nginx {
    server: PathBuf,
    http: Box<dyn Fn(u16) -> String + Send + Sync>,
}

impl Nginx {
    pub(super) fn new(http: impl Fn(u16) -> String + Send + Sync + 'static) -> Result<Self> {
        Ok(Self { server: find(&["nginx"])?, http: Box::new(http) })
    }
}

impl fmt::Debug for Nginx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nginx").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Recipe for Nginx {
    fn name(&self) -> &'static str {
        "nginx"
    }

    fn account(&self) -> &'static str {
        // Debian's for web servers, there on every system.
        "www-data"
    }

    fn end(&self) -> Signal {
        // Its worker would outlive it if it were killed.
        Signal::Term
    }

    fn prepare(&self, _: &Account, _: &Folder) -> Result<()> {
        Ok(())
    }

    fn launch(&self, folder: &Folder, port: u16) -> Result<Launch> {
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary: String = temporary.iter().map(|what| format!("{what}_temp_path {what};\n")).collect();
        let configuration = format!(
            "daemon off;\nworker_processes 1;\npid nginx.pid;\nerror_log stderr notice;\nevents {{}}\n\
             http {{\naccess_log off;\n{temporary}{}\n}}\n",
            (self.http)(port)
        );
        let configuration = folder.write("nginx.conf", &configuration)?;
        Ok(Launch::new(&self.server).arguments(["-e", "stderr", "-p"]).arguments([
            folder.path().as_os_str(),
            "-c".as_ref(),
            configuration.as_os_str(),
        ]))
    }

    fn ready_line(&self) -> &'static str {
        "start worker process "
    }

    fn answers(&self, port: u16) -> Result<bool> {
        talk(port).map(|_| true)
    }

    fn url(&self, port: u16) -> String {
        format!("http://127.0.0.1:{port}")
    }
}

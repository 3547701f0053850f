//! So many calls at once to one host: a provider that is slow holds its own slots, and not everybody's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};

use crate::BoxFuture;
use crate::transport::{Transport, TransportError};

/// Calls under way at one host, beyond which the next fails at once: a fast provider never sees as many, and of the
/// requests that the server takes at a time it is a quarter.
pub(crate) const MAX_CALLS: usize = 256;

/// A transport that counts.
#[derive(Debug)]
pub(crate) struct Counted {
    inner: Arc<dyn Transport>,
    under_way: UnderWay,
}

/// Calls under way, by host and port. Hosts without any are not in it.
type UnderWay = Arc<Mutex<HashMap<String, usize>>>;

impl Counted {
    pub(crate) fn new(inner: Arc<dyn Transport>) -> Self {
        Self { inner, under_way: UnderWay::default() }
    }

    fn enter(&self, host: String) -> Option<Call> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = under_way.entry(host.clone()).or_default();
        if *calls >= MAX_CALLS {
            return None;
        }
        *calls += 1;
        Some(Call { under_way: self.under_way.clone(), host })
    }
}

/// One call, until it is dropped: also when whoever waited for it has gone.
struct Call {
    under_way: UnderWay,
    host: String,
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(calls) = under_way.get_mut(&self.host) {
            *calls -= 1;
            if *calls == 0 {
                under_way.remove(&self.host);
            }
        }
    }
}

impl Transport for Counted {
    fn send<'a>(&'a self, request: Request<Bytes>) -> BoxFuture<'a, Result<Response<Bytes>, TransportError>> {
        let host = request.uri().authority().map(|authority| authority.as_str().to_ascii_lowercase());
        Box::pin(async move {
            let _call = self.enter(host.unwrap_or_default()).ok_or(TransportError::Busy(MAX_CALLS))?;
            self.inner.send(request).await
        })
    }

    fn presents(&self, certificate: &crate::ClientCertificate) -> bool {
        self.inner.presents(certificate)
    }

    fn detach(&self, task: BoxFuture<'static, ()>) -> Option<BoxFuture<'static, ()>> {
        self.inner.detach(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    /// A provider that never answers, beside one that does.
    #[derive(Debug)]
    struct Slow;

    impl Transport for Slow {
        fn send<'a>(&'a self, request: Request<Bytes>) -> BoxFuture<'a, Result<Response<Bytes>, TransportError>> {
            match request.uri().host() {
                Some("slow.example") => Box::pin(std::future::pending()),
                _ => Box::pin(std::future::ready(Ok(Response::new(Bytes::new())))),
            }
        }
    }

    type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + 'a>>;

    fn poll(call: &mut Answer<'_>) -> Poll<Result<Response<Bytes>, TransportError>> {
        call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_provider_that_never_answers_holds_its_own_slots_only() {
        let counted = Counted::new(Arc::new(Slow));
        let call = |host: &str| counted.send(Request::get(format!("https://{host}/token")).body(Bytes::new()).unwrap());
        let mut waiting: Vec<Answer<'_>> = (0..MAX_CALLS).map(|_| call("slow.example")).collect();
        assert!(waiting.iter_mut().all(|call| poll(call).is_pending()));
        assert!(matches!(poll(&mut call("SLOW.example")), Poll::Ready(Err(TransportError::Busy(_)))));
        assert!(matches!(poll(&mut call("fast.example")), Poll::Ready(Ok(_))));
        waiting.pop();
        assert!(poll(&mut call("slow.example")).is_pending(), "who has gone makes room");
        drop(waiting);
        assert!(counted.under_way.lock().unwrap().is_empty(), "hosts are forgotten");
    }
}

//! How long it takes to open and to seal a session token of 600 bytes of claims: the price of `GET /session`.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use authstile::Claims;
use authstile::clock::UnixTime;
use authstile::random::SystemRandom;
use authstile::seal::{Sealer, Secrets};
use criterion::{Criterion, criterion_group, criterion_main};

fn claims() -> Claims {
    let mut claims = Claims::new();
    for (name, value) in
        [("name", "Ada Lovelace"), ("email", "ada@acme.example"), ("picture", "https://example.com/ada.png")]
    {
        claims.insert(name.to_owned(), value.into());
    }
    claims.insert("sub".to_owned(), "5f0c1d2e-0000-4000-8000-000000000001".into());
    let length = serde_json::to_vec(&claims).unwrap().len();
    claims.insert("note".to_owned(), "x".repeat(600 - length - 90).into());
    claims
}

fn seal(criterion: &mut Criterion) {
    let sealer = Sealer::new(&Secrets::new(["tZ8mQ2vN5xR1kW7yB4cJ9hL6pD3fG0sA"]), "authjs.session-token").unwrap();
    let now = UnixTime::from_seconds(1_767_225_600);
    let token = sealer.seal(claims(), 3600, now, &SystemRandom).unwrap();
    criterion.bench_function("open", |bencher| bencher.iter(|| sealer.open(&token, now).unwrap()));
    criterion.bench_function("seal", |bencher| {
        bencher.iter_batched(
            claims,
            |claims| sealer.seal(claims, 3600, now, &SystemRandom).unwrap(),
            criterion::BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, seal);
criterion_main!(benches);

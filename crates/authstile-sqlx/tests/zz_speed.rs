#![cfg(feature = "services")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "by hand")]
mod servers;
use std::sync::Arc;
use std::time::{Duration, Instant};
use authstile::clock::UnixTime;
use authstile::store::*;
use authstile_sqlx::*;
use sqlx::Row as _;

fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

async fn fill(store: &(impl Accounts + Sessions)) -> Vec<String> {
    let ada = store.register(&NewUser { id: "ada".into(), name: Some("Ada".into()), email: Some("a@b.c".into()), ..NewUser::default() }, None).await.unwrap();
    let mut keys = Vec::new();
    for n in 0..500 {
        let key = format!("{n:043}");
        let data = SessionData { id: format!("00000000-0000-4000-8000-{n:012}"), provider: "scalekit".into(), user_agent: Some("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36".into()),
            keys: (0..4).map(|part| RevocationKey::new("bench", &[&format!("{n} {part}")])).collect(), ..SessionData::default() };
        Sessions::create(store, NewSession { key: &key, user: &ada, expires: UnixTime::from_seconds(4_102_444_800), data: &data }).await.unwrap();
        keys.push(key);
    }
    keys
}

async fn measure<F, R>(name: &str, tasks: usize, keys: &[String], find: F) where F: Fn(String) -> R + Clone + Send + 'static, R: Future + Send, R::Output: Send {
    for _ in 0..2 {
        let (began, cpu0) = (Instant::now(), cpu());
        let mut set = tokio::task::JoinSet::new();
        for task in 0..tasks {
            let (keys, find) = (keys.to_vec(), find.clone());
            set.spawn(async move {
                let mut n = 0_usize;
                while began.elapsed() < Duration::from_secs(2) {
                    let _ = find(keys[(n * 7 + task * 13) % keys.len()].clone()).await;
                    n += 1;
                }
                n
            });
        }
        let total: usize = set.join_all().await.into_iter().sum();
        println!("{name} {tasks}: {:.0}/s, {:.1} us CPU each", total as f64 / began.elapsed().as_secs_f64(), (cpu() - cpu0) * 1e6 / total as f64);
    }
}

macro_rules! old {
    ($pool:expr, $most:expr, $sql:expr) => {{
        let free = Arc::new(tokio::sync::Semaphore::new($most));
        let mut conns = Vec::new();
        for _ in 0..$most { conns.push($pool.acquire().await.unwrap()); }
        let conns = Arc::new(std::sync::Mutex::new(conns));
        move |key: String| {
            let (free, conns) = (free.clone(), conns.clone());
            Box::pin(tokio::time::timeout(Duration::from_secs(5), async move {
                let _permit = free.acquire().await.unwrap();
                let mut conn = conns.lock().unwrap().pop().unwrap();
                let row = sqlx::query($sql).bind(key).fetch_optional(&mut *conn).await.unwrap().unwrap();
                let _: (String, Option<String>, Option<i64>) = (row.try_get(3).unwrap(), row.try_get(1).unwrap(), row.try_get(2).unwrap());
                let data: SessionData = serde_json::from_str(row.try_get(1).unwrap()).unwrap();
                assert!(!data.id.is_empty());
                conns.lock().unwrap().push(conn);
            }))
        }
    }};
}

#[tokio::test(flavor = "multi_thread")]
async fn speed() {
    let path = std::env::temp_dir().join(format!("sqlw-{}.db", std::process::id()));
    let store = SqliteStore::open(&path).await.unwrap();
    let keys = fill(&store).await;
    let sql = "SELECT s.expires, s.data, s.seen, u.id, u.name, u.email, u.\"emailVerified\", u.image, u.attributes FROM sessions s JOIN users u ON u.id = s.\"userId\" WHERE s.\"sessionToken\" = ?";
    for tasks in [1, 32] {
        let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", path.display())).await.unwrap();
        measure("sqlite old", tasks, &keys, old!(pool, 4, sql)).await;
        let s = store.clone();
        measure("sqlite new", tasks, &keys, move |key| { let s = s.clone(); async move { assert!(s.find(&key).await.unwrap().is_some()); } }).await;
    }
    let server = servers::Postgres::with("").await;
    let mut store = PostgresStore::open(&server.url).await.unwrap();
    store.migrate().await.unwrap();
    let keys = fill(&store).await;
    let sql: &'static str = Box::leak(sql.replace('?', "$1").into_boxed_str());
    for tasks in [1, 32] {
        let pool = server.pool().await;
        measure("postgres old", tasks, &keys, old!(pool, 10, sql)).await;
        let s = store.clone();
        measure("postgres new", tasks, &keys, move |key| { let s = s.clone(); async move { assert!(s.find(&key).await.unwrap().is_some()); } }).await;
    }
    let _ = std::fs::remove_file(path);
}

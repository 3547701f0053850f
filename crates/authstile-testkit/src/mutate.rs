//! Mutations of good input, the same in every run: for tests that a parser takes anything.

/// Pieces that mean something to one parser or another.
const PIECES: [&[u8]; 36] = [
    b"%",
    b"%00",
    b"%0d%0a",
    b"%zz",
    b"\0",
    b"\r\n",
    b"\\",
    b"//",
    b"..",
    b"@",
    b"#",
    b"?",
    b"&",
    b"=",
    b";",
    b",",
    b".",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b"null",
    b"-1",
    b"1e999",
    b"\xff\xfe",
    b"\xe2\x80\xae",
    b"\xef\xbc\xa0",
    b"javascript:",
    b"https://evil.example",
    b"authjs.session-token.0=",
    b"99999999999999999999",
    b"AAAA",
    b"eyJhbGciOiJub25lIn0",
    b" ",
    b"\t",
];

/// Longer input is no better input.
const LONGEST: usize = 8192;

/// Makes one input of others (SplitMix64).
#[derive(Debug)]
pub struct Mutator(u64);

impl Mutator {
    /// Begins with a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { usize::try_from(self.number() % end as u64).unwrap_or_default() }
    }

    /// One of several texts; an empty one where there is none.
    pub fn pick<'a, T: AsRef<[u8]>>(&mut self, several: &'a [T]) -> &'a [u8] {
        let place = self.below(several.len());
        several.get(place).map_or(&[], T::as_ref)
    }

    /// One of the seeds, changed in one place or in several.
    pub fn mutated<T: AsRef<[u8]>>(&mut self, seeds: &[T]) -> Vec<u8> {
        let mut data = self.pick(seeds).to_vec();
        for _ in 0..=self.below(5) {
            let (at, end) = self.range(data.len());
            match self.below(8) {
                0 => {
                    if let Some(byte) = data.get_mut(at) {
                        *byte ^= 1 << (self.number() % 8);
                    }
                }
                1 => drop(data.splice(at..at, self.pick(&PIECES).iter().copied())),
                2 => drop(data.splice(at..end, self.pick(&PIECES).iter().copied())),
                3 => drop(data.drain(at..end)),
                4 => {
                    let again = data.get(at..end).unwrap_or_default().repeat(1 + self.below(4));
                    drop(data.splice(at..at, again));
                }
                5 => data.truncate(at),
                6 => {
                    let other = self.pick(seeds);
                    let (from, to) = self.range(other.len());
                    drop(data.splice(at..end, other.get(from..to).unwrap_or_default().iter().copied()));
                }
                _ => data.insert(at, u8::try_from(self.number() % 256).unwrap_or_default()),
            }
            data.truncate(LONGEST);
        }
        data
    }

    fn range(&mut self, length: usize) -> (usize, usize) {
        let (a, b) = (self.below(length + 1), self.below(length + 1));
        // Mostly short ones.
        let (at, end) = (a.min(b), a.max(b));
        if self.below(4) == 0 { (at, end) } else { (at, end.min(at + 8)) }
    }
}

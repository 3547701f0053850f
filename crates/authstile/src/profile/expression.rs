//! The small language in which a card says where a field of the person is: parsed once, when the engine is built.
//!
//! ```text
//! expression  all ("??" all)*                    the first that is found
//! all         compare ("&&" compare)*            whether all are true
//! compare     term (("==" | "!=") term)?
//! term        "!" term | "(" expression ")" | 'text' | true | false
//!             /a/b/0          JSON pointer (RFC 6901) into the profile; inside find(…), into the entry
//!             token:/a/b      … into the further members of the token answer
//!             option:name     an option of the registration
//!             function(…)     followed by a pointer into its result, if need be: find(/list, /primary)/email
//! ```
//!
//! A pointer ends at a blank, a comma or a parenthesis.

use std::fmt;

/// Why an expression cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}, at character {at} of {text:?}")]
pub struct ExpressionError {
    /// What is wrong and what was expected.
    pub problem: String,
    /// Which character, from 1.
    pub at: usize,
    /// The whole expression.
    pub text: String,
}

/// An expression, ready to be evaluated. Empty text is an expression that never finds anything.
#[derive(Clone, PartialEq, Eq)]
pub struct Expression {
    pub(super) root: Node,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Nothing,
    Profile(String),
    Token(String),
    Option(String),
    Text(String),
    Truth(bool),
    First(Vec<Node>),
    All(Vec<Node>),
    Not(Box<Node>),
    Same(Box<Node>, Box<Node>, bool),
    Call(Function, Vec<Node>),
    Within(Box<Node>, String),
}

/// The functions; the set is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// `join(separator, part, …)`: the parts that are found.
    Join,
    /// `concat(part, …)`: nothing unless all parts are found.
    Concat,
    /// `find(list, condition)`: the first entry for which the condition is true.
    Find,
    /// `if(condition, then)` and `if(condition, then, else)`.
    If,
    /// `starts_with(text, beginning)`.
    StartsWith,
    /// `before(text, separator)`: up to the separator, or all of it.
    Before,
    /// `avatar_index(id, discriminator)`: which default picture a user of a 64-bit id has: the discriminator modulo 5, or,
    /// without one, the id's upper 42 bits modulo 6.
    AvatarIndex,
}

impl Function {
    /// Name, fewest and most arguments.
    const ALL: [(&'static str, Self, usize, usize); 7] = [
        ("join", Self::Join, 2, usize::MAX),
        ("concat", Self::Concat, 1, usize::MAX),
        ("find", Self::Find, 2, 2),
        ("if", Self::If, 2, 3),
        ("starts_with", Self::StartsWith, 2, 2),
        ("before", Self::Before, 2, 2),
        ("avatar_index", Self::AvatarIndex, 2, 2),
    ];
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// When it is not in the language; the error says where.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let mut reader = Reader { rest: text, all: text, depth: 0 };
        let root = match text.trim() {
            "" => Node::Nothing,
            _ => reader.expression()?,
        };
        reader.blanks();
        match reader.rest {
            "" => Ok(Self { root, text: text.to_owned() }),
            _ => Err(reader.error("expected `??`, `&&`, `==`, `!=` or the end")),
        }
    }

    /// The text that it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it never finds anything.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.root == Node::Nothing
    }

    /// The options that it names.
    #[must_use]
    pub fn options(&self) -> Vec<&str> {
        fn walk<'a>(node: &'a Node, found: &mut Vec<&'a str>) {
            match node {
                Node::Option(name) => found.push(name),
                Node::First(nodes) | Node::All(nodes) | Node::Call(_, nodes) => {
                    nodes.iter().for_each(|node| walk(node, found));
                }
                Node::Not(node) | Node::Within(node, _) => walk(node, found),
                Node::Same(a, b, _) => [a, b].into_iter().for_each(|node| walk(node, found)),
                Node::Nothing | Node::Profile(_) | Node::Token(_) | Node::Text(_) | Node::Truth(_) => {}
            }
        }
        let mut found = Vec::new();
        walk(&self.root, &mut found);
        found
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({})", self.text)
    }
}

struct Reader<'a> {
    rest: &'a str,
    all: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn error(&self, problem: impl Into<String>) -> ExpressionError {
        let before = self.all.len().saturating_sub(self.rest.len());
        let at = self.all.char_indices().take_while(|(index, _)| *index < before).count() + 1;
        ExpressionError { problem: problem.into(), at, text: self.all.to_owned() }
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes a sign, if it is next.
    fn take(&mut self, sign: &str) -> bool {
        self.blanks();
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, sign: &str) -> Result<(), ExpressionError> {
        match self.take(sign) {
            true => Ok(()),
            false => Err(self.error(format!("expected `{sign}`"))),
        }
    }

    /// Takes letters while they fit.
    fn while_fits(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|letter| !fits(letter)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn expression(&mut self) -> Result<Node, ExpressionError> {
        // Cards are written by people; who nests deeper than this is somebody else.
        self.depth += 1;
        if self.depth > 32 {
            return Err(self.error("the expression is nested too deeply"));
        }
        let mut nodes = vec![self.all_of()?];
        while self.take("??") {
            nodes.push(self.all_of()?);
        }
        self.depth -= 1;
        Ok(one_or(nodes, Node::First))
    }

    fn all_of(&mut self) -> Result<Node, ExpressionError> {
        let mut nodes = vec![self.compare()?];
        while self.take("&&") {
            nodes.push(self.compare()?);
        }
        Ok(one_or(nodes, Node::All))
    }

    fn compare(&mut self) -> Result<Node, ExpressionError> {
        let left = self.term()?;
        for (sign, same) in [("==", true), ("!=", false)] {
            if self.take(sign) {
                return Ok(Node::Same(Box::new(left), Box::new(self.term()?), same));
            }
        }
        Ok(left)
    }

    fn term(&mut self) -> Result<Node, ExpressionError> {
        let mut nots = 0usize;
        while self.take("!") {
            nots += 1;
        }
        let term = self.plain_term()?;
        Ok((0..nots.min(2)).fold(term, |term, _| Node::Not(Box::new(term))))
    }

    fn plain_term(&mut self) -> Result<Node, ExpressionError> {
        if self.take("(") {
            let inner = self.expression()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.take("'") {
            let text = self.while_fits(|letter| letter != '\'').to_owned();
            return match self.rest.strip_prefix('\'') {
                Some(rest) => {
                    self.rest = rest;
                    Ok(Node::Text(text))
                }
                None => Err(self.error("the text has no end: expected `'`")),
            };
        }
        if self.rest.starts_with('/') {
            return Ok(Node::Profile(self.pointer()?));
        }
        let start = self.rest;
        let word = self.while_fits(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        match word {
            "true" => return Ok(Node::Truth(true)),
            "false" => return Ok(Node::Truth(false)),
            "token" if self.take(":") => return Ok(Node::Token(self.pointer()?)),
            "option" if self.take(":") => {
                let name = self.while_fits(|letter| letter.is_ascii_alphanumeric() || letter == '_');
                return match name {
                    "" => Err(self.error("expected the name of an option")),
                    _ => Ok(Node::Option(name.to_owned())),
                };
            }
            _ => {}
        }
        let Some((name, function, fewest, most)) = Function::ALL.into_iter().find(|(name, ..)| *name == word) else {
            self.rest = start;
            let functions = Function::ALL.map(|(name, ..)| name).join(", ");
            return Err(self.error(format!(
                "expected a pointer such as `/name`, `token:/…`, `option:…`, a text in single quotes, or one of the functions {functions}"
            )));
        };
        self.expect("(")?;
        let mut arguments = vec![self.expression()?];
        while self.take(",") {
            arguments.push(self.expression()?);
        }
        self.expect(")")?;
        if arguments.len() < fewest || arguments.len() > most {
            let wanted = match (fewest, most) {
                (few, many) if few == many => few.to_string(),
                (few, usize::MAX) => format!("{few} or more"),
                (few, many) => format!("{few} to {many}"),
            };
            return Err(self.error(format!("{name} takes {wanted} arguments, not {}", arguments.len())));
        }
        let call = Node::Call(function, arguments);
        match self.rest.starts_with('/') {
            true => Ok(Node::Within(Box::new(call), self.pointer()?)),
            false => Ok(call),
        }
    }

    fn pointer(&mut self) -> Result<String, ExpressionError> {
        let text = self.while_fits(|letter| !letter.is_whitespace() && !matches!(letter, ',' | '(' | ')'));
        match text.len() {
            0 | 1 => Err(self.error("expected a pointer such as `/name`")),
            _ if !text.starts_with('/') => Err(self.error("a pointer begins with `/`")),
            _ => Ok(text.to_owned()),
        }
    }
}

fn one_or(mut nodes: Vec<Node>, many: fn(Vec<Node>) -> Node) -> Node {
    match nodes.len() {
        1 => nodes.pop().unwrap_or(Node::Nothing),
        _ => many(nodes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_named_with_its_place() {
        for (text, at, words) in [
            ("name", 1, "expected a pointer"),
            ("/name ?? login", 10, "expected a pointer"),
            ("/name /login", 7, "expected `??`"),
            ("join(' ')", 10, "join takes 2 or more arguments, not 1"),
            ("find(/a)", 9, "find takes 2 arguments"),
            ("if(/a", 6, "expected `)`"),
            ("'open", 6, "no end"),
            ("/", 2, "expected a pointer"),
            ("token:id", 9, "begins with `/`"),
            ("option:", 8, "name of an option"),
            ("upper(/a)", 1, "one of the functions join"),
        ] {
            let error = Expression::parse(text).unwrap_err();
            assert!(error.problem.contains(words), "{text}: {error}");
            assert_eq!(error.at, at, "{text}: {error}");
        }
        let deep = format!("{}/a{}", "(".repeat(40), ")".repeat(40));
        assert!(Expression::parse(&deep).unwrap_err().problem.contains("too deeply"));
    }

    #[test]
    fn names_of_options_are_known() {
        let expression = Expression::parse("concat(option:issuer, '/avatar/', if(/a == option:b, /c)/d)").unwrap();
        assert_eq!(expression.options(), ["issuer", "b"]);
        assert!(Expression::parse(" ").unwrap().is_nothing());
    }
}

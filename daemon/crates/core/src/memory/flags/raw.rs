//! What gives a text away by its characters rather than by its words: hidden text, made-up tags, commands that run what they fetch.

use crate::memory::validate::text::is_hidden;

/// Marks of the protocols between a program and a model: nobody writes them in a note about a project.
const TAGS: &[&str] = &[
    "<|im_start|>",
    "<|im_end|>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|endoftext|>",
    "<|start_header_id|>",
    "<|begin_of_text|>",
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "<</sys>>",
    "<system>",
    "</system>",
    "<system-reminder>",
    "</system-reminder>",
    "<system_prompt>",
    "</system_prompt>",
    "<system-prompt>",
    "<tool_result>",
    "</tool_result>",
    "<tool_use>",
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "<function_calls>",
    "</function_calls>",
    "<function_results>",
    "</function_results>",
    "<invoke name=",
    "<important>",
    "</important>",
    "[system]",
    "[system message]",
    "[end of user",
    "[assistant]",
    "### system:",
    "### instruction:",
    "begin system prompt",
    "end of system prompt",
    "end of context",
    "<user_query>",
    "</user_query>",
    "<instructions>",
    "</instructions>",
    "\nhuman:",
    "\nassistant:",
    "\n\nsystem:",
    "[[system",
    "{{system",
    "<admin>",
    "</admin>",
    "<override>",
    "<priority>",
    "<|tool",
    "<developer>",
    "role\": \"system\"",
    "\"role\":\"system\"",
    "<antml",
];

/// Programs that fetch.
const FETCHES: &[&str] = &[
    "curl",
    "wget",
    "iwr ",
    "irm ",
    "invoke-webrequest",
    "invoke-restmethod",
    "base64 -d",
    "base64 --decode",
    "nc ",
];
/// Programs that run what they are handed.
const RUNS: &[&str] = &[
    "sh",
    "bash",
    "zsh",
    "dash",
    "ksh",
    "fish",
    "python",
    "python3",
    "node",
    "perl",
    "ruby",
    "iex",
    "php",
    "source",
    "eval",
    "pwsh",
    "powershell",
    "tclsh",
];
/// Commands that run what somebody else wrote, or let somebody in.
const COMMANDS: &[&str] = &[
    "sh -c \"$(curl",
    "sh -c \"$(wget",
    "bash -c \"$(curl",
    "bash -c \"$(wget",
    "bash <(curl",
    "bash <(wget",
    "sh <(curl",
    "sh <(wget",
    "source <(curl",
    "eval \"$(curl",
    "eval $(curl",
    "eval `curl",
    "/dev/tcp/",
    "nc -e",
    "ncat -e",
    "bash -i >&",
    "powershell -enc",
    "powershell -e ",
    "-encodedcommand",
    "downloadstring(",
    "rm -rf / ",
    "rm -rf /\n",
    "rm -rf ~",
    "rm -rf --no-preserve-root",
    "rm -rf $home",
    ":(){ :|:& };:",
    "mkfs.",
    "exec(requests.get",
    "exec(urllib",
    "eval(requests.get",
    "eval(fetch",
    "chmod 777 /",
    "chmod -r 777 /",
    "__import__('os').system",
];
/// Ways to keep text out of sight in markup.
const UNSEEN: &[&str] = &[
    "display:none",
    "display: none",
    "font-size:0",
    "font-size: 0",
    "visibility:hidden",
    "visibility: hidden",
    "opacity:0",
    "opacity: 0",
    "color:white",
    "color: white",
    "color:#fff",
    "color: #fff",
];

pub(super) fn has_tag(lower: &str) -> bool {
    TAGS.iter().any(|tag| lower.contains(tag))
        || [
            "assistant:",
            "human:",
            "system: you",
            "system: ignore",
            "system: the",
            "system: new",
        ]
        .iter()
        .any(|lead| lower.starts_with(lead))
}

/// `curl … | sh` and its kind.
pub(super) fn runs_what_it_fetches(lower: &str) -> bool {
    COMMANDS.iter().any(|command| lower.contains(command)) || lower.lines().any(pipes)
}

fn pipes(line: &str) -> bool {
    let mut parts = line.split('|');
    let mut fetched = parts
        .next()
        .is_some_and(|part| FETCHES.iter().any(|fetch| part.contains(fetch)));
    for part in parts {
        let program = part
            .split_whitespace()
            .find(|word| !matches!(*word, "sudo" | "-e" | "env" | "exec"));
        let program = program.map(|word| word.trim_end_matches(|c: char| !c.is_alphanumeric()));
        let program = program.map(|word| word.rsplit('/').next().unwrap_or(word));
        if fetched && program.is_some_and(|program| RUNS.contains(&program)) {
            return true;
        }
        fetched |= FETCHES.iter().any(|fetch| part.contains(fetch));
    }
    false
}

/// Characters that hide or turn text. A mark at the very beginning of a file is none, nor is a soft hyphen.
pub(super) fn has_hidden_characters(content: &str) -> bool {
    let content = content.strip_prefix('\u{FEFF}').unwrap_or(content);
    let between = |c: char| matches!(c, '\u{200C}' | '\u{200D}');
    let mut before = ' ';
    for c in content.chars() {
        let is_split = between(before) && c.is_ascii_alphabetic();
        if is_split || (is_hidden(c) && c != '\u{00AD}') {
            return true;
        }
        before = c;
    }
    false
}

/// What the tag characters in a text spell.
pub(super) fn spelled(content: &str) -> String {
    let letters = content.chars().filter(|c| matches!(c, '\u{E0020}'..='\u{E007E}'));
    letters.filter_map(|c| char::from_u32(u32::from(c) - 0xE0000)).collect()
}

/// Comments in markup, which are not shown.
pub(super) fn comments(content: &str) -> impl Iterator<Item = &str> {
    let html = content
        .split("<!--")
        .skip(1)
        .map(|rest| rest.split("-->").next().unwrap_or(rest));
    let markdown = content
        .lines()
        .filter(|line| line.trim_start().starts_with("[//]: #") || line.trim_start().starts_with("[comment]: #"));
    html.chain(markdown)
}

/// Whether what a comment says is said to a program that reads it.
pub(super) fn addresses_agent(words: &[String]) -> bool {
    let named = [
        "ai",
        "llm",
        "assistant",
        "assistants",
        "agent",
        "agents",
        "claude",
        "copilot",
        "gpt",
        "chatgpt",
        "gemini",
        "cursor",
        "model",
    ];
    let ordered = [
        "must",
        "run",
        "execute",
        "ignore",
        "send",
        "always",
        "never",
        "do",
        "dont",
        "please",
        "add",
        "include",
        "install",
        "reply",
        "follow",
        "recommend",
        "approve",
    ];
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    has(&named) && has(&ordered)
}

pub(super) fn is_unseen_markup(lower: &str) -> bool {
    lower.contains('<') && lower.contains("style") && UNSEEN.iter().any(|style| lower.contains(style))
}

/// Runs that may be base64, of at least 24 characters.
pub(super) fn encoded(content: &str) -> impl Iterator<Item = &str> {
    let runs = content.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_')));
    runs.filter(|run| run.len() >= 24)
}

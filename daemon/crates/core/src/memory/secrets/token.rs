//! Tokens that say themselves what they are: a prefix that one service gives out, then characters of one kind.

use super::letters::surprise;
use super::value::stands_for_token;
use super::{Finding, Rules};

/// What follows a prefix.
#[derive(Clone, Copy)]
enum Body {
    /// `A-Z`, `a-z`, `0-9`.
    Alnum,
    /// The same and `_`, `-`.
    Url,
    /// The same and `.`, `=`, `+`, `/`.
    Wide,
    /// `0-9`, `a-f`.
    Hex,
    /// `0-9`, `A-Z`.
    Upper,
}

impl Body {
    fn holds(self, byte: u8) -> bool {
        match self {
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Wide => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'=' | b'+' | b'/'),
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        }
    }
}

/// A kind of token: its prefix, and how many characters of which kind follow.
struct Kind {
    prefix: &'static str,
    body: Body,
    least: usize,
    most: usize,
    rule: &'static str,
    what: &'static str,
}

const fn kind(
    prefix: &'static str,
    body: Body,
    least: usize,
    most: usize,
    rule: &'static str,
    what: &'static str,
) -> Kind {
    Kind {
        prefix,
        body,
        least,
        most,
        rule,
        what,
    }
}

/// Long enough for every token that has no length of its own.
const ANY: usize = 4_096;

use Body::{Alnum, Hex, Upper, Url, Wide};

/// By first letter; a longer prefix before one that it begins with.
#[rustfmt::skip]
const KINDS: &[Kind] = &[
    kind("A3T", Upper, 17, 17, "aws-access-key", "an AWS access key id"),
    kind("ABIA", Upper, 16, 16, "aws-access-key", "an AWS access key id"),
    kind("ACCA", Upper, 16, 16, "aws-access-key", "an AWS access key id"),
    kind("AGE-SECRET-KEY-1", Upper, 50, 64, "age-secret-key", "an age secret key"),
    kind("AIza", Url, 35, 35, "gcp-api-key", "a Google API key"),
    kind("AKIA", Upper, 16, 16, "aws-access-key", "an AWS access key id"),
    kind("AKCp", Alnum, 60, 80, "artifactory-token", "an Artifactory token"),
    kind("ASIA", Upper, 16, 16, "aws-access-key", "an AWS access key id"),
    kind("ATATT3", Wide, 60, ANY, "atlassian-token", "an Atlassian token"),
    kind("ATBB", Alnum, 28, 40, "bitbucket-password", "a Bitbucket app password"),
    kind("CCIPAT_", Url, 40, ANY, "circleci-token", "a CircleCI token"),
    kind("EAAA", Url, 58, 70, "square-token", "a Square token"),
    kind("FlyV1 fm2_", Wide, 60, ANY, "fly-token", "a Fly.io token"),
    kind("GOCSPX-", Url, 28, 28, "gcp-client-secret", "a Google client secret"),
    kind("HRKU-", Url, 30, ANY, "heroku-key", "a Heroku key"),
    kind("NRAK-", Upper, 27, 27, "new-relic-key", "a New Relic key"),
    kind("PMAK-", Url, 50, 70, "postman-key", "a Postman key"),
    kind("SG.", Wide, 60, 70, "sendgrid-key", "a SendGrid key"),
    kind("SK", Hex, 32, 32, "twilio-key", "a Twilio key"),
    kind("bkua_", Hex, 40, 40, "buildkite-token", "a Buildkite token"),
    kind("cio", Alnum, 32, 32, "crates-io-token", "a crates.io token"),
    kind("dapi", Hex, 32, 34, "databricks-token", "a Databricks token"),
    kind("dckr_oat_", Url, 20, ANY, "docker-token", "a Docker token"),
    kind("dckr_pat_", Url, 20, ANY, "docker-token", "a Docker token"),
    kind("doo_v1_", Hex, 64, 64, "digitalocean-token", "a DigitalOcean token"),
    kind("dop_v1_", Hex, 64, 64, "digitalocean-token", "a DigitalOcean token"),
    kind("dor_v1_", Hex, 64, 64, "digitalocean-token", "a DigitalOcean token"),
    kind("dp.pt.", Alnum, 40, 44, "doppler-token", "a Doppler token"),
    kind("dp.st.", Wide, 40, 60, "doppler-token", "a Doppler token"),
    kind("figd_", Url, 36, 50, "figma-token", "a Figma token"),
    kind("fio-u-", Url, 60, 70, "frame-io-token", "a Frame.io token"),
    kind("fo1_", Url, 40, 50, "fly-token", "a Fly.io token"),
    kind("gho_", Alnum, 36, 255, "github-token", "a GitHub token"),
    kind("ghp_", Alnum, 36, 255, "github-token", "a GitHub token"),
    kind("ghr_", Alnum, 36, 255, "github-token", "a GitHub token"),
    kind("ghs_", Alnum, 36, 255, "github-token", "a GitHub token"),
    kind("ghu_", Alnum, 36, 255, "github-token", "a GitHub token"),
    kind("github_pat_", Url, 40, 255, "github-token", "a GitHub token"),
    kind("glagent-", Wide, 20, 300, "gitlab-token", "a GitLab token"),
    kind("glc_", Wide, 32, 400, "grafana-token", "a Grafana token"),
    kind("glcbt-", Wide, 20, 300, "gitlab-token", "a GitLab token"),
    kind("gldt-", Wide, 20, 300, "gitlab-token", "a GitLab token"),
    kind("glft-", Wide, 20, 300, "gitlab-token", "a GitLab token"),
    kind("gloas-", Wide, 20, 300, "gitlab-token", "a GitLab token"),
    kind("glpat-", Wide, 20, 300, "gitlab-token", "a GitLab token"),
    kind("glptt-", Wide, 20, 300, "gitlab-token", "a GitLab token"),
    kind("glrt-", Wide, 20, 300, "gitlab-token", "a GitLab token"),
    kind("glsa_", Url, 32, 60, "grafana-token", "a Grafana token"),
    kind("glsoat-", Wide, 20, 300, "gitlab-token", "a GitLab token"),
    kind("gsk_", Alnum, 40, 60, "groq-key", "a Groq key"),
    kind("hf_", Alnum, 30, 40, "huggingface-token", "a Hugging Face token"),
    kind("hvb.", Url, 24, 400, "vault-token", "a Vault token"),
    kind("hvs.", Url, 24, 400, "vault-token", "a Vault token"),
    kind("key-", Hex, 32, 32, "mailgun-key", "a Mailgun key"),
    kind("lin_api_", Alnum, 32, 48, "linear-key", "a Linear key"),
    kind("nfp_", Alnum, 36, 44, "netlify-token", "a Netlify token"),
    kind("npm_", Alnum, 36, 36, "npm-token", "an npm token"),
    kind("ntn_", Alnum, 40, 60, "notion-token", "a Notion token"),
    kind("pplx-", Alnum, 40, 60, "perplexity-key", "a Perplexity key"),
    kind("pscale_oauth_", Wide, 32, 64, "planetscale-token", "a PlanetScale token"),
    kind("pscale_pw_", Wide, 32, 64, "planetscale-token", "a PlanetScale password"),
    kind("pscale_tkn_", Wide, 32, 64, "planetscale-token", "a PlanetScale token"),
    kind("pul-", Hex, 40, 40, "pulumi-token", "a Pulumi token"),
    kind("pypi-AgE", Url, 40, 1_000, "pypi-token", "a PyPI token"),
    kind("r8_", Alnum, 37, 37, "replicate-token", "a Replicate token"),
    kind("rk_live_", Alnum, 16, 255, "stripe-key", "a Stripe key"),
    kind("rk_test_", Alnum, 16, 255, "stripe-key", "a Stripe key"),
    kind("rubygems_", Hex, 48, 48, "rubygems-key", "a RubyGems key"),
    kind("sbp_", Hex, 40, 40, "supabase-token", "a Supabase token"),
    kind("secret_", Alnum, 43, 43, "notion-token", "a Notion token"),
    kind("shpat_", Hex, 32, 32, "shopify-token", "a Shopify token"),
    kind("shpca_", Hex, 32, 32, "shopify-token", "a Shopify token"),
    kind("shppa_", Hex, 32, 32, "shopify-token", "a Shopify token"),
    kind("shpss_", Hex, 32, 32, "shopify-token", "a Shopify secret"),
    kind("sk-ant-", Url, 32, 255, "anthropic-key", "an Anthropic key"),
    kind("sk-or-", Url, 40, 255, "openrouter-key", "an OpenRouter key"),
    kind("sk-", Url, 20, 255, "openai-key", "a key of OpenAI's form"),
    kind("sk_live_", Alnum, 16, 255, "stripe-key", "a Stripe key"),
    kind("sk_test_", Alnum, 16, 255, "stripe-key", "a Stripe key"),
    kind("sntryu_", Hex, 64, 64, "sentry-token", "a Sentry token"),
    kind("sntrys_", Wide, 60, 400, "sentry-token", "a Sentry token"),
    kind("sq0atp-", Url, 22, 22, "square-token", "a Square token"),
    kind("sq0csp-", Url, 43, 43, "square-token", "a Square secret"),
    kind("tskey-", Url, 20, 100, "tailscale-key", "a Tailscale key"),
    kind("whsec_", Wide, 24, 255, "stripe-key", "a webhook signing secret"),
    kind("xai-", Alnum, 60, 100, "xai-key", "an xAI key"),
    kind("xapp-", Url, 30, 255, "slack-token", "a Slack token"),
    kind("xoxa-", Url, 20, 255, "slack-token", "a Slack token"),
    kind("xoxb-", Url, 20, 255, "slack-token", "a Slack token"),
    kind("xoxc-", Url, 20, 255, "slack-token", "a Slack token"),
    kind("xoxd-", Wide, 20, 400, "slack-token", "a Slack token"),
    kind("xoxe-", Url, 20, 400, "slack-token", "a Slack token"),
    kind("xoxe.", Url, 20, 400, "slack-token", "a Slack token"),
    kind("xoxp-", Url, 20, 255, "slack-token", "a Slack token"),
    kind("xoxr-", Url, 20, 255, "slack-token", "a Slack token"),
    kind("xoxs-", Url, 20, 255, "slack-token", "a Slack token"),
    kind("ya29.", Url, 40, 1_000, "gcp-access-token", "a Google access token"),
];

/// Bits per character below which a body is made of words: `sk-learn-pipeline-with-columns`.
const WORDS: f32 = 4.4;

/// Finds tokens by their prefix, and those that have a form without one.
pub(super) fn find(text: &str, rules: &mut Rules) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let is_start = bytes[at].is_ascii_alphanumeric() && (at == 0 || !Url.holds(bytes[at - 1]));
        let found = is_start.then(|| token(text, at).or_else(|| formed(text, at))).flatten();
        match found {
            Some(finding) => {
                at = finding.range.end;
                rules.add(finding);
            }
            None => at += 1,
        }
    }
}

fn token(text: &str, at: usize) -> Option<Finding> {
    let rest = &text[at..];
    let kind = KINDS.iter().find(|kind| rest.starts_with(kind.prefix))?;
    let body = run(rest.as_bytes(), kind.prefix.len(), kind.body);
    // A sentence may end behind a token.
    let body = body.trim_end_matches(['.', '/', '-', '_']);
    let end = kind.prefix.len() + body.len();
    let goes_on = rest.as_bytes().get(end).is_some_and(u8::is_ascii_alphanumeric);
    let is_token = (kind.least..=kind.most).contains(&body.len())
        && !goes_on
        && !stands_for_token(body)
        && (matches!(kind.body, Hex | Upper) || surprise(body) >= WORDS || has_many_digits(body))
        && body.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    is_token.then(|| Finding {
        rule: kind.rule,
        range: at..at + end,
        what: kind.what,
    })
}

/// Names have a year or a version; one digit in four is more than that.
fn has_many_digits(body: &str) -> bool {
    body.bytes().filter(u8::is_ascii_digit).count() * 4 >= body.len()
}

/// Tokens whose mark is inside them: JWT, Telegram, Azure, Airtable, Terraform Cloud, Mailchimp.
fn formed(text: &str, at: usize) -> Option<Finding> {
    let bytes = &text.as_bytes()[at..];
    let (len, rule, what) = jwt(bytes)
        .map(|len| (len, "jwt", "a JSON web token"))
        .or_else(|| telegram(bytes).map(|len| (len, "telegram-token", "a Telegram bot token")))
        .or_else(|| azure(bytes).map(|len| (len, "azure-client-secret", "an Azure client secret")))
        .or_else(|| joined(bytes, 14, b".atlasv1.", 60).map(|len| (len, "terraform-token", "a Terraform Cloud token")))
        .or_else(|| airtable(bytes).map(|len| (len, "airtable-token", "an Airtable token")))
        .or_else(|| mailchimp(bytes).map(|len| (len, "mailchimp-key", "a Mailchimp key")))?;
    let goes_on = bytes.get(len).is_some_and(|byte| Url.holds(*byte));
    let is_token = !goes_on && !stands_for_token(&text[at..at + len]);
    is_token.then_some(Finding {
        rule,
        range: at..at + len,
        what,
    })
}

fn jwt(bytes: &[u8]) -> Option<usize> {
    if !bytes.starts_with(b"eyJ") {
        return None;
    }
    let header = run(bytes, 0, Url).len();
    let payload = segment(bytes, header)?;
    let signature = segment(bytes, header + 1 + payload)?;
    let is_token = header >= 16 && payload >= 8 && signature >= 20 && bytes[header + 1..].starts_with(b"ey");
    is_token.then_some(header + payload + signature + 2)
}

/// Length of the run behind a dot.
fn segment(bytes: &[u8], at: usize) -> Option<usize> {
    (bytes.get(at) == Some(&b'.')).then(|| run(bytes, at + 1, Url).len())
}

/// Eight to ten digits, `:AA`, and 33 more; behind `bot` in an address.
fn telegram(bytes: &[u8]) -> Option<usize> {
    let lead = if bytes.starts_with(b"bot") { 3 } else { 0 };
    let id = bytes[lead..].iter().take(12).take_while(|b| b.is_ascii_digit()).count();
    let colon = lead + id;
    let is_token =
        (8..=10).contains(&id) && bytes[colon..].starts_with(b":AA") && run(bytes, colon + 1, Url).len() == 35;
    is_token.then_some(colon + 36)
}

/// Three characters, a digit, `Q~`, then 31 to 34.
fn azure(bytes: &[u8]) -> Option<usize> {
    let is_marked = matches!(bytes.get(3..6), Some([b'0'..=b'9', b'Q', b'~']));
    let holds = |b: &u8| Url.holds(*b) || matches!(b, b'.' | b'~');
    if !is_marked || !bytes[..3].iter().all(holds) {
        return None;
    }
    let tail = bytes[6..].iter().take(40).take_while(|b| holds(b)).count();
    (31..=34).contains(&tail).then_some(6 + tail)
}

fn airtable(bytes: &[u8]) -> Option<usize> {
    let is_token = bytes.starts_with(b"pat") && run(bytes, 0, Alnum).len() == 17 && bytes.get(17) == Some(&b'.');
    (is_token && run(bytes, 18, Hex).len() == 64).then_some(82)
}

fn mailchimp(bytes: &[u8]) -> Option<usize> {
    if run(bytes.get(..33)?, 0, Hex).len() != 32 || !bytes[32..].starts_with(b"-us") {
        return None;
    }
    let n_digits = bytes[35..].iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    (1..=2).contains(&n_digits).then_some(35 + n_digits)
}

fn joined(bytes: &[u8], head: usize, mark: &[u8], least: usize) -> Option<usize> {
    let is_marked = bytes.get(head..).is_some_and(|rest| rest.starts_with(mark));
    if !is_marked || run(bytes, 0, Alnum).len() != head {
        return None;
    }
    let tail = run(bytes, head + mark.len(), Url).len();
    (tail >= least).then_some(head + mark.len() + tail)
}

/// The run of characters of one kind from an offset on, at most [`ANY`] of them.
fn run(bytes: &[u8], from: usize, body: Body) -> &str {
    let rest = bytes.get(from..).unwrap_or_default();
    let len = rest.iter().take(ANY).take_while(|byte| body.holds(**byte)).count();
    // Bodies are ASCII.
    std::str::from_utf8(&rest[..len]).unwrap_or_default()
}

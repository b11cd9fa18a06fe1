//! Pages as they come: well made, badly made, and made to do harm.

use proptest::prelude::*;

use super::*;

fn convert(html: &str) -> Document {
    let base = "https://example.com/docs/page".parse().unwrap();
    markdown(html, &base).unwrap()
}

fn text(html: &str) -> String {
    convert(html).text
}

#[test]
fn a_whole_page() {
    let document = convert(include_str!("tests/page.html"));
    assert_eq!(
        document.title.as_deref(),
        Some("Cancellation & safety – Guide")
    );
    insta::assert_snapshot!(document.text);
}

#[test]
fn what_nobody_reads_is_left_out() {
    let html = "<head><title>T</title><style>p{}</style></head>\
        <nav><ul><li>Home<nav>x</nav></ul></nav>\
        <script>document.write('<p>no</p>')</script><noscript><p>no</noscript>\
        <p>yes<svg><title>no</title><text>no</text></svg><button>no</button></p>\
        <template><p>no</template><!-- no --><iframe><p>no</iframe>\
        <p hidden>no</p><p aria-hidden=TRUE>no</p><p style='Display : none'>no</p>\
        <div role=navigation>no</div><select><option>no</select><textarea><p>no</textarea>\
        <p>end</p><footer>no</footer>";
    assert_eq!(text(html), "yes\n\nend");
    assert_eq!(convert(html).title.as_deref(), Some("T"));
}

#[test]
fn a_page_that_waits_for_a_script_to_show_it_is_read() {
    assert_eq!(text("<body style='visibility: hidden'><p>yes"), "yes");
}

#[test]
fn an_unfinished_hiding_element_hides_no_more_than_its_parent() {
    assert_eq!(text("<div><nav>no</div><p>yes"), "yes");
}

#[test]
fn a_main_part_that_says_something_is_the_page() {
    let long = "word ".repeat(60);
    let html = format!("<header>Brand</header><main><p>{long}</main><aside>More</aside>");
    assert_eq!(text(&html), long.trim());
    assert_eq!(
        text("<p>before</p><main>x</main><p>after</p>"),
        "before\n\nx\n\nafter"
    );
}

#[test]
fn links_and_pictures_are_absolute_and_of_the_web() {
    for (html, markdown) in [
        ("<a href=other>x</a>", "[x](https://example.com/docs/other)"),
        ("<a href='/a b'>x</a>", "[x](https://example.com/a%20b)"),
        ("<a href='javascript:alert(1)'>x</a>", "x"),
        ("<a href='data:text/html,y'>x</a>", "x"),
        ("<a>x</a>", "x"),
        (
            "<a href='https://a.example/?q=\"&amp;r'>x</a>",
            "[x](https://a.example/?q=%22&r)",
        ),
        (
            "<img src=a.png alt='A \"cat\"'>",
            "![A \\\"cat\\\"](https://example.com/docs/a.png)",
        ),
        ("<img src=a.png>", ""),
        ("<img src='data:image/png;base64,AAAA' alt=x>", ""),
    ] {
        assert_eq!(text(html), markdown, "{html}");
    }
}

#[test]
fn a_link_around_blocks_keeps_their_text() {
    assert_eq!(
        text("<a href=/x><div><h3>Title</h3><p>Text</p></div></a><p>after"),
        "[Title Text](https://example.com/x)\n\nafter"
    );
}

#[test]
fn code_keeps_its_lines_and_its_language() {
    for html in [
        "<pre><code class='language-rust hl'>fn main() {\n    f(&amp;x);\n}\n</code></pre>",
        "<pre class=language-rust>fn <span class=k>main</span>() {\n    f(&amp;x);\n}</pre>",
        "<div class=highlight><pre class='highlight-source-rust'>fn main() {<br>    f(&amp;x);<br>}</pre></div>",
    ] {
        assert_eq!(
            text(html),
            "```rust\nfn main() {\n    f(&x);\n}\n```",
            "{html}"
        );
    }
    assert_eq!(text("<pre>a <b>b</b></pre>"), "```\na b\n```");
    assert_eq!(text("use <kbd>a*b</kbd>"), "use `a*b`");
}

#[test]
fn missing_end_tags_are_understood() {
    assert_eq!(text("<p>a<p>b<h2>c</h2>d"), "a\n\nb\n\n## c\n\nd");
    assert_eq!(
        text("<ul><li>a<li>b<ul><li>c</ul><li>d</ul>"),
        "- a\n- b\n  - c\n- d"
    );
    assert_eq!(
        text("<table><tr><th>a<th>b<tr><td>1<td>2</table>"),
        "| a | b |\n| - | - |\n| 1 | 2 |"
    );
    assert_eq!(text("<b>a<i>b</b>c</i>d"), "**a*b***cd");
    assert_eq!(text("<b>a<p>b</b>c"), "**a**\n\nbc");
    assert_eq!(text("a</div></p></table>b"), "ab");
}

#[test]
fn what_is_no_html_is_text() {
    assert_eq!(text("a < b && c > d"), "a < b && c > d");
    assert_eq!(text("<"), "<");
    assert_eq!(text("<<<>>>"), "<<<>>>");
    assert_eq!(text("&#x110000;&nope;&lt;p&gt;"), "\u{fffd}&nope;\\<p>");
    assert_eq!(text("<!doctype html><p"), "");
    assert_eq!(text(""), "");
}

/// Pages that grow without measure, overflow the stack or take for ever when they are parsed as they
/// are. What is linear takes seconds for all of them without optimization, what is not takes hours.
#[test]
fn pages_that_are_made_to_do_harm_are_converted_in_bounds() {
    let many = |text: &str| text.repeat(100_000 / text.len());
    let fonts: String = (0..3_000)
        .map(|number| format!("<font color={number}>"))
        .collect();
    let bold: String = (0..3_000)
        .map(|number| format!("<b id={number}><p>x"))
        .collect();
    for html in [
        many("<div>"),
        many("<b>"),
        many("<div>") + &many("</span>"),
        many("<ul><li>x\n"),
        many("<blockquote>x\n"),
        many("<table><tr><td>x"),
        many("<a href=/>"),
        many("<p>x"),
        fonts + &many("<p>x"),
        bold,
        many("<svg><desc>"),
        many("<select><option>"),
        many("<"),
        many("&"),
        many("<!--"),
        many("</p>"),
        many("<x "),
        many("<pre><code class=language-x>"),
        many("<template>"),
        many("<nav>") + "x",
    ] {
        let start: String = html.chars().take(30).collect();
        let text = text(&html);
        assert!(
            text.len() <= 3 * html.len() + 100,
            "{start}: {}",
            text.len()
        );
    }
}

proptest! {
    #[test]
    fn any_garbage_is_converted(pieces in prop::collection::vec(
        prop_oneof![
            "[a-z <>&;/\"'=-]{0,12}",
            prop::sample::select(vec![
                "<p>", "</p>", "<div>", "</div>", "<ul>", "<li>", "</ul>", "<table>", "<tr>",
                "<td>", "</table>", "<a href=x>", "</a>", "<b>", "</b>", "<pre>", "</pre>",
                "<code class=language-c>", "<nav>", "</nav>", "<main>", "</main>", "<script>",
                "</script>", "<title>", "</title>", "<br>", "<hr>", "<img alt=x src=y>", "<h1>",
                "</h1>", "<svg>", "</svg>", "<!--", "-->", "<style>", "<textarea>", "<plaintext>",
            ]).prop_map(str::to_owned),
        ],
        0..60,
    )) {
        let html = pieces.concat();
        let text = text(&html);
        prop_assert!(!text.contains("\n\n\n"));
    }

    #[test]
    fn all_words_outside_of_hiding_elements_are_kept(words in prop::collection::vec("[a-z]{1,8}", 1..30)) {
        let tags = ["<p>", "<div>", "</div>", "<ul><li>", "</ul>", "<b>", "</i>", "<td>", "<h2>", "<section>"];
        let html: String = words
            .iter()
            .enumerate()
            .map(|(index, word)| format!("{}{word}", tags[index % tags.len()]))
            .collect();
        let text = text(&html);
        let mut rest = text.as_str();
        for word in &words {
            let place = rest.find(word.as_str());
            prop_assert!(place.is_some(), "{word} is missing in {text:?}");
            rest = &rest[place.unwrap_or_default() + word.len()..];
        }
    }
}

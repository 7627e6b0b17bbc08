//! Tests of drawings: they stay what they are, and hostile ones lose what is hostile.

use super::*;
use proptest::prelude::*;

const NS: &str = "xmlns=\"http://www.w3.org/2000/svg\"";

fn inside(content: &str) -> String {
    drawing(&format!("<svg {NS} width=\"10\" height=\"20\">{content}</svg>")).text
}

fn drawing(text: &str) -> Drawing {
    sanitised(text.as_bytes()).unwrap()
}

#[test]
fn a_drawing_stays_what_it_is() {
    let text = format!(
        "<svg {NS} width=\"40\" height=\"30\" viewBox=\"0 0 4 3\"><defs><linearGradient id=\"a\"><stop offset=\"0\" \
         stop-color=\"red\"/></linearGradient></defs><style>.x{{fill:url(#a)}}</style><g class=\"x\" style=\"opacity:.5\">\n\
         <path d=\"M0 0h4\" fill=\"url(#a)\"/><text x=\"1\">Owls &amp; <tspan>more</tspan></text></g><use href=\"#a\"/></svg>"
    );
    let drawing = drawing(&text);
    assert_eq!(drawing.text, text);
    assert_eq!((drawing.width, drawing.height), (40, 30));
}

#[test]
fn declarations_and_the_clutter_of_editors_go() {
    let text = "\u{feff}<?xml version=\"1.0\"?><!DOCTYPE svg PUBLIC \"x\" \"y\" [<!ENTITY owl \"hoot\">]><!-- c -->\n\
                <svg:svg xmlns:svg=\"http://www.w3.org/2000/svg\" xmlns:i=\"x\" i:v=\"1\" viewBox=\"0 0 8 4\">\
                <metadata>m</metadata><i:view/><svg:text i:a=\"b\" fill=\"&owl;\">&owl;x&#33;</svg:text></svg:svg>";
    assert!(is_svg(text.as_bytes()));
    let drawing = drawing(text);
    assert_eq!(drawing.text, format!("<svg {NS} viewBox=\"0 0 8 4\"><text>x!</text></svg>"));
    assert_eq!((drawing.width, drawing.height), (8, 4));
}

#[test]
fn what_runs_or_loads_goes() {
    for hostile in [
        "<script>alert(1)</script>",
        "<SCRIPT>alert(1)</SCRIPT>",
        "<script><![CDATA[alert(1)]]></script>",
        "<foreignObject><body xmlns=\"http://www.w3.org/1999/xhtml\"><script>alert(1)</script></body></foreignObject>",
        "<h:script xmlns:h=\"http://www.w3.org/1999/xhtml\">alert(1)</h:script>",
        "<iframe src=\"javascript:alert(1)\"/>",
        "<handler>alert(1)</handler>",
        "<set attributeName=\"href\" to=\"javascript:alert(1)\"/>",
        "<set attributeName=\"onclick\" to=\"alert(1)\"/>",
        "<animate attributeName=\"xlink:href\" values=\"javascript:alert(1)\"/>",
    ] {
        assert_eq!(inside(hostile), inside(""), "{hostile}");
    }
    for hostile in [
        "onload=\"alert(1)\"",
        "OnClick=\"alert(1)\"",
        "href=\"javascript:alert(1)\"",
        "href=\" https://owls.example/x.png\"",
        "href=\"//owls.example/x.png\"",
        "href=\"data:text/html,x\"",
        "href=\"data:image/svg+xml;base64,PHN2Zz4=\"",
        "xlink:href=\"jav&#x09;ascript:alert(1)\"",
        "fill=\"url(https://owls.example/#a)\"",
        "style=\"fill:URL( 'https://owls.example/#a')\"",
        "style=\"fill:u\\72l(https://owls.example)\"",
        "style=\"background:image-set('https://owls.example/x' 1x)\"",
        "xml:base=\"https://owls.example/\"",
        "src=\"https://owls.example/\"",
    ] {
        let element = format!("<image {hostile}/>");
        assert_eq!(inside(&element), inside("<image/>"), "{hostile}");
    }
    for css in ["@import 'x';", "@font-face{src:url(x)}", "a{b:url(x)}", "a{b:url(#c)} @namespace x;", "a{behavior:x}"]
    {
        assert_eq!(inside(&format!("<style>{css}</style>")), inside("<style></style>"), "{css}");
    }
    assert!(inside("<style>@media print{a{b:url(#c)}}</style>").contains("@media"));
    assert!(inside("<image href=\"data:image/png;base64,AAAA\"/>").contains("AAAA"));
    assert_eq!(inside("<a href=\"https://owls.example/\"><path/></a>"), inside("<g><path/></g>"));
}

#[test]
fn a_bomb_is_refused() {
    let bomb = |units: &str| {
        let mut text = format!("<svg {NS}><g id=\"a0\"><path/></g>");
        for level in 1..12 {
            let used = units.replace('N', &(level - 1).to_string());
            text.push_str(&format!("<g id=\"a{level}\">{}</g>", used.repeat(10)));
        }
        text + "</svg>"
    };
    for bomb in [
        bomb("<use href=\"#aN\"/>"),
        bomb("<path fill=\"url(#aN)\"/>"),
        format!("<svg {NS}>{}", "<g>".repeat(100_000)),
        format!("<svg {NS}>{}</svg>", "<g/>".repeat(60_000)),
        format!(
            "<svg {NS}><g id=\"a\"><use href=\"#b\"/></g><g id=\"b\"><use href=\"#a\"/></g><use href=\"#a\"/></svg>"
        ),
        format!("<svg {NS}><g id=\"a\"><use href=\"#a\"/></g></svg>"),
        format!("<svg {NS}><text>{}</text></svg>", "x".repeat(MAX_SVG)),
    ] {
        assert_eq!(sanitised(bomb.as_bytes()), Err(TOO_LARGE.into()), "{}", &bomb[..200]);
    }
    let entities = format!(
        "<!DOCTYPE svg [<!ENTITY a \"{}\"><!ENTITY b \"{}\">]><svg {NS}>&b;</svg>",
        "x".repeat(99),
        "&a;".repeat(99)
    );
    assert_eq!(drawing(&entities).text, format!("<svg {NS}></svg>"));
}

#[test]
fn what_is_no_drawing_is_refused_with_a_way_out() {
    for broken in ["<svg>", "<svg></g></svg>", "<svg a=1/>", "<html><svg/></html>", "<svg/><svg/><", "<svg><path</svg>"]
    {
        let outcome = sanitised(broken.as_bytes());
        assert!(outcome.as_ref().is_err_and(|reason| reason.contains("PNG")), "{broken}: {outcome:?}");
    }
    assert!(!is_svg(b"<html><svg/></html>") && !is_svg(b"\x89PNG") && !is_svg(b"") && !is_svg(b"<?xml ?><rss/>"));
}

#[test]
fn sizes_are_read_in_every_unit() {
    let size = |attributes: &str| {
        let drawing = drawing(&format!("<svg {attributes}/>"));
        (drawing.width, drawing.height)
    };
    assert_eq!(size("width=\"1in\" height=\"25.4mm\""), (96, 96));
    assert_eq!(size("width=\"100%\" viewBox=\"0,0,30,10\""), (30, 10));
    assert_eq!(size("width=\"60\" viewBox=\"0 0 30 10\""), (60, 20));
    assert_eq!(size(""), DEFAULT_SIZE);
    assert_eq!(size("width=\"1e9\" height=\"-5\""), DEFAULT_SIZE);
    assert_eq!(size("width=\"99999999\" height=\"0.01\""), (20_000, 1));
}

proptest! {
    #[test]
    fn any_text_gives_a_drawing_that_stays_as_it_is(parts in prop::collection::vec(prop::sample::select(vec![
        "<g>", "</g>", "<script>", "</script>", "<style>", "</style>", "<use href='#a'/>", "<path id='a' onload='x'/>", "<text>",
        "</text>", "x", "&lt;", "&#60;script&#62;", "<![CDATA[<script>]]>", "<!-- <script> -->", "<?x <script> ?>", "@import", "url(x)",
        "<image href='https://x'/>", "<a href='javascript:x'>", "</a>", "]]>", "<", ">", "'", "&",
    ]), 0..20)) {
        let text = format!("<svg>{}</svg>", parts.concat());
        if let Ok(drawing) = sanitised(text.as_bytes()) {
            let again = sanitised(drawing.text.as_bytes()).unwrap();
            prop_assert_eq!(&again.text, &drawing.text);
            for bad in ["<script", "onload", "https:", "<a", "<!", "<?"] {
                prop_assert!(!drawing.text.contains(bad), "{}", drawing.text);
            }
        }
    }
}

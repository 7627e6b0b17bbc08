//! Whole posts of other programs, and hostile ones.

use crate::content::interchange::{Outcome, translate};
use proptest::prelude::*;

fn text(source: &str) -> String {
    translate(source, false).text
}

#[test]
fn code_of_jekyll_hexo_and_hugo_becomes_fences() {
    assert_eq!(text("{% highlight ruby %}\ndef a\n\n# b\nend\n{% endhighlight %}"), "```ruby\ndef a\n\n# b\nend\n```");
    assert_eq!(text("a\n{% highlight python linenos %}\nx\n{% endhighlight %}\nb"), "a\n\n```python\nx\n```\n\nb");
    assert_eq!(
        text("{% codeblock Title lang:js https://x.example %}\nx\n{% endcodeblock %}"),
        "**Title https://x.example**\n\n```js\nx\n```"
    );
    assert_eq!(text("{{< highlight go \"linenos=table\" >}}\n```\n{{< /highlight >}}"), "````go\n```\n````");
    assert_eq!(text("- a\n\n  {% highlight sh %}\n  b\n  {% endhighlight %}"), "- a\n\n  ```sh\n  b\n  ```");
    assert_eq!(text("Use {% highlight sh %}ls{% endhighlight %}."), "Use `ls`.");
    assert_eq!(text("{% raw %}{{ x }} {% y %}{% endraw %}"), "{{ x }} {% y %}");
    assert_eq!(text("a {% comment %}b{% endcomment %} c"), "a <!-- b --> c");
}

#[test]
fn code_is_left_alone() {
    for source in [
        "`{{< figure src=\"a.png\" >}}` `{% youtube x %}`",
        "```\n{% raw %}{{ x }}{% endraw %}\n[[a]] ==b== {: .c}\n::: note\n:::\n<iframe src=\"https://x.example\"></iframe>\n```",
        "    {% include x %}\n    {{< y >}}\n",
        "<pre>{{ site.baseurl }}/x</pre>",
    ] {
        assert_eq!(text(source), source);
    }
    assert_eq!(translate("```\n{% raw %}{{ x }}{% endraw %}\n```", true).text, "```\n{{ x }}\n```");
    assert_eq!(text("`{{</* x */>}}`"), "`{{< x >}}`");
}

#[test]
fn figures_of_each_program_become_images() {
    for source in [
        "{{< figure src=\"p.png\" title=\"An owl\" >}}",
        "{{<figure src='p.png' caption='An owl'>}}",
        "{% include figure.html image_path=\"p.png\" caption=\"An owl\" %}",
        "{% include figure image_path=\"p.png\" caption=\"An owl\" %}",
        "{% asset_img p.png An owl %}",
        "{% img left p.png An owl %}",
    ] {
        assert_eq!(text(source), "![](p.png \"An owl\")", "{source}");
    }
    for source in [
        "{{ image(src=\"p.png\", alt=\"An owl\") }}",
        "{% image \"p.png\", \"An owl\" %}",
        "{{<img src=\"p.png\" alt=\"An owl\">}}",
    ] {
        assert_eq!(text(source), "![An owl](p.png)", "{source}");
    }
    assert_eq!(
        text("<div>\n{% include figure.liquid path=\"p.png\" alt=\"a\" %}\n</div>"),
        "<div>\n<img src=\"p.png\" alt=\"a\">\n</div>"
    );
    assert_eq!(text("a\n{{< figure src=\"p.png\" caption=\"b\" >}}\nc"), "a\n\n![](p.png \"b\")\n\nc");
}

#[test]
fn films_become_links() {
    let link = "[Video on YouTube](https://www.youtube.com/watch?v=abc)";
    for source in [
        "{{< youtube abc >}}",
        "{{< youtube id=\"abc\" autoplay=\"true\" >}}",
        "{% youtube abc %}",
        "{% youtube \"https://www.youtube.com/watch?v=abc\" %}",
        "{% include youtube.html id=\"abc\" %}",
        "{% include video id=\"abc\" provider=\"youtube\" %}",
        "{{ youtube(id=\"abc\") }}",
    ] {
        assert_eq!(text(source), link, "{source}");
    }
    assert_eq!(text("{% gist ada/01 %}"), "[Gist ada/01](https://gist.github.com/ada/01)");
    assert_eq!(text("{{< gist ada 01 \"a.rs\" >}}"), "[Gist ada/01](https://gist.github.com/ada/01)");
    assert_eq!(text("{{< tweet user=\"ada\" id=\"1\" >}}"), "[Post on X by ada](https://x.com/ada/status/1)");
}

#[test]
fn links_name_files_of_the_import() {
    assert_eq!(text("[b]({% post_url 2024-05-07-more %}#x)"), "[b](import:2024-05-07-more#x)");
    assert_eq!(text("[b]({{ site.baseurl }}{% link _posts/a.md %})"), "[b](import:_posts/a.md)");
    assert_eq!(text("[b]({{< ref \"a.md#x\" >}}) [c]({{< relref path=\"b\" >}})"), "[b](import:a.md#x) [c](import:b)");
    assert_eq!(text("See {% post_link a Title %}."), "See [Title](import:a).");
    assert_eq!(text("{% link Ada https://ada.example %}"), "[Ada](https://ada.example)");
    assert_eq!(text("<a href=\"{% post_url a %}\">b</a>"), "<a href=\"import:a\">b</a>");
    assert_eq!(
        text("![o]({{ site.baseurl }}/p.png) ![o]({{ \"/p.png\" | relative_url }}) [h]({{ site.url }})"),
        "![o](/p.png) ![o](/p.png) [h](/)"
    );
    assert_eq!(text("<img src=\"{{ site.url }}{{ site.baseurl }}/p.png\">"), "<img src=\"/p.png\">");
    assert_eq!(text("[r]: {{ '/a' | url }}\n"), "[r]: /a\n");
}

#[test]
fn tags_with_content_keep_it() {
    assert_eq!(text("{{< note >}}\nCare\n{{< /note >}}"), "> **Note**\n>\n> Care");
    assert_eq!(text("{{% notice tip \"Do this\" %}}\na\n\nb\n{{% /notice %}}"), "> **Do this**\n>\n> a\n>\n> b");
    assert_eq!(text("{{<note type=\"info\">}}\nCare\n{{</note>}}"), "> **Info**\n>\n> Care");
    assert_eq!(text("{% quote(author=\"Ada\") %}\nHoot\n{% end %}"), "> Hoot\n>\n> — Ada");
    assert_eq!(text("{% blockquote Ada %}\nHoot\n{% endblockquote %}"), "> Hoot\n>\n> — Ada");
    assert_eq!(
        text("{{< details \"More\" >}}\na\n{{< /details >}}"),
        "<details>\n<summary>More</summary>\n\na\n\n</details>"
    );
    assert_eq!(text("{{< unknown >}}\na {{< b >}}c{{< /b >}}\n{{< /unknown >}}"), "a c");
    assert_eq!(text("{{< tabs >}}{{< tab \"Npm\" >}}\na\n{{< /tab >}}{{< /tabs >}}"), "**Npm**\n\n\na");
    assert_eq!(text("{% capture x %}\n*a*\n{% endcapture %}\n\n{{ x | markdownify }}"), "*a*\n\n");
    assert_eq!(text("{% tabs x %}\n<!-- tab Npm@icon -->\na\n<!-- endtab -->\n{% endtabs %}"), "**Npm**\na");
    assert_eq!(text("{{< button href=\"/x\" >}}Go{{< /button >}}"), "[Go](/x)");
}

#[test]
fn what_nobody_knows_stays_visible() {
    assert_eq!(text("{{<toot id=\"1\">}}"), "{{\\<toot id=\"1\">}}");
    assert_eq!(text("{{</note>}}"), "{{\\</note>}}");
    for source in [
        "{% if page.x %}a{% endif %}",
        "{{ page.title }}",
        "{% include nobody.html %}",
        "{{ user.name }}",
        "{{}} {%%} {{ {",
    ] {
        assert_eq!(text(source), source);
    }
    let outcomes: Vec<Outcome> =
        translate("{{< a >}} {{< youtube b >}} {% toc %}", false).findings.iter().map(|found| found.outcome).collect();
    assert_eq!(outcomes, [Outcome::Text, Outcome::Translated, Outcome::LeftOut]);
}

#[test]
fn hostile_texts_take_time_in_proportion() {
    let units = [
        "{",
        "{{",
        "{% raw %}",
        "{{< a >}}",
        "{{< /a >}}",
        "{{<a>}}{{</b>}}",
        "{% highlight x %}",
        "[[",
        "![[a|",
        "==a",
        "%%a ",
        "::: a\n",
        ":::: a\n:::\n",
        "!!! a\n    ",
        "> [!a]\n",
        "<A ",
        "<A>",
        "<A b={",
        "</A>",
        "<iframe ",
        "<iframe src=\"//x\">",
        "{:.a}",
        "{}",
        "{.a}\n",
        "import {\n",
        "export const a = (\n",
        "{/*",
        "<!--",
        "<script>",
        "{{ x | y }}",
        "{% capture a %}",
        "`{{`",
    ];
    for unit in units {
        let start = std::time::Instant::now();
        let _ = translate(&unit.repeat(40_000 / unit.len()), true);
        assert!(start.elapsed().as_secs() < 20, "{unit} took {:?}", start.elapsed());
    }
}

/// The words of a text that are neither names nor values of tags.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn hostile() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "{{< a >}}",
        "{{< /a >}}",
        "{{% b %}}",
        "{{% /b %}}",
        "{% c %}",
        "{% endc %}",
        "{% end %}",
        "{{ d() }}",
        "{% raw %}",
        "{% endraw %}",
        "{% highlight e %}",
        "{% endhighlight %}",
        "{{",
        "}}",
        "{%",
        "%}",
        "<F>",
        "</F>",
        "<G/>",
        "[[",
        "]]",
        "![[",
        "|",
        "#",
        "==",
        "%%",
        ":::",
        "::: note",
        ":::: tip\n",
        "\n",
        "\n\n",
        "> ",
        "- ",
        "    ",
        "`",
        "```",
        "{: .h}",
        "{.i}",
        "{",
        "}",
        "<iframe",
        "<div>",
        "</div>",
        "(",
        ")",
        "[",
        "](",
        "!",
        "é",
        "字",
        "w",
        "\"",
        "'",
        "=",
        " ",
        "!!! note\n",
        "> [!tip]",
        "import ",
        " from 'j'\n",
        "export const k\n",
        "{/*",
        "*/}",
        "<!--",
        "-->",
        "$",
        "\\",
        "{filename}",
        "\t",
        "\r\n",
    ]);
    prop::collection::vec(parts, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_makes_it_panic(source in hostile(), liquid in any::<bool>()) {
        let _ = translate(&source, liquid);
    }

    #[test]
    fn no_word_between_tags_is_lost(parts in prop::collection::vec(0..TAGS.len(), 0..12)) {
        let mut source = String::new();
        let mut words = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            let word = format!("word{number}z");
            source.push_str(&TAGS[*part].replace('W', &word));
            words.push(word);
        }
        let kept = letters(&text(&source));
        for word in words {
            prop_assert!(kept.contains(&word), "{word} is lost of\n{source}\n---\n{}", text(&source));
        }
    }
}

/// With `W` where a word stands that readers see.
const TAGS: [&str; 30] = [
    "W\n",
    "\n\nW\n\n",
    "{{< unknown >}}W{{< /unknown >}} ",
    "\n{{% note %}}\nW\n{{% /note %}}\n",
    "{{< quote >}}W",
    "{{< /quote >}}W",
    "{% if x %}W{% endif %} ",
    "\n{% highlight rust %}\nW\n{% endhighlight %}\n",
    "{% raw %}W{% endraw %} ",
    "{{ youtube(id=\"x\") }}W ",
    "{% end %}W ",
    "\n{% details(title=\"x\") %}\nW\n",
    "<Tabs>W</Tabs> ",
    "\n<Card>\nW\n",
    "</Card>W ",
    "[[W]] ",
    "[[a|W]] ",
    "==W== ",
    " %%W%% ",
    "\n::: tip W\n",
    "\n:::\nW\n",
    "\n!!! note \"W\"\n    ",
    "> [!note] W\n> ",
    "W {.lead}\n",
    "`W` ",
    "\n```\nW\n```\n",
    "<div>\nW\n</div>\n",
    "[W]({% post_url a %}) ",
    "- W\n",
    "{{< figure src=\"a.png\" caption=\"W\" >}}\n",
];

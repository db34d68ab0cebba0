#include "servicectl/web/pages/html.hpp"

#include <gmock/gmock.h>

#include "unit/servicectl/web/pages/checked_page.hpp"
#include "unit/servicectl/web/pages/sample_views.hpp"

namespace servicekit::servicectl::web {
namespace {

using ::testing::IsEmpty;

std::string markup_of(std::string_view text) { return Html{text}.markup(); }

TEST(HtmlTest, EscapesWhatHtmlGivesAMeaning) {
    EXPECT_EQ(markup_of("<a href='x' title=\"y\">&lt;</a>"),
              "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;lt;&lt;/a&gt;");
    EXPECT_EQ(markup_of(hostile), disarmed);
}

TEST(HtmlTest, ShowsControlCharactersAndControlsOfTheWritingDirection) {
    EXPECT_EQ(markup_of(std::string_view{"a\0b\x1b[2J\x7f", 8}), "a\\x00b\\x1b[2J\\x7f");
    EXPECT_EQ(markup_of("admin\xE2\x80\xAEtxt.exe"), "admin\\u202etxt.exe");
    EXPECT_EQ(markup_of("\xE2\x81\xA6\xE2\x80\xA8\xEF\xBB\xBF\xC2\x9B"), "\\u2066\\u2028\\ufeff\\u009b");
    EXPECT_EQ(markup_of("one\r\ntwo\tthree"), "one\\r\\ntwo\\tthree");
}

TEST(HtmlTest, ShowsBytesThatAreNotUtf8) {
    EXPECT_EQ(markup_of("\xFF\xC0\xAF<\xE2\x80"), "\\xff\\xc0\\xaf&lt;\\xe2\\x80");
    EXPECT_EQ(markup_of("gr\xC3\xBC\xC3\x9F Gott \xF0\x9F\x91\x8B"), "gr\xC3\xBC\xC3\x9F Gott \xF0\x9F\x91\x8B");
}

TEST(HtmlTest, KeepsTheLinesOfATextOfLines) { EXPECT_EQ(text_of_lines("<a>\n\t\x1b").markup(), "&lt;a&gt;\n\t\\x1b"); }

TEST(HtmlTest, AnElementHasItsAttributesAndParts) {
    EXPECT_EQ(element("p", {{"class", "note"}, {"hidden", true}}, "a < b ", element("b", {}, "c")).markup(),
              "<p class=\"note\" hidden>a &lt; b <b>c</b></p>");
    EXPECT_EQ(element("input", {{"required", false}, {"value", ""}}).markup(), "<input value=\"\">");
    EXPECT_EQ(element("svg", {}, element("path", {{"d", "M0 0"}})).markup(), "<svg><path d=\"M0 0\"></path></svg>");
}

TEST(HtmlTest, AnAttributeCannotBeLeft) {
    EXPECT_EQ(element("input", {{"value", hostile}}).markup(), "<input value=\"" + disarmed + "\">");
    EXPECT_THAT(faults_of(element("p", {{"title", hostile}}, hostile).markup()), IsEmpty());
    EXPECT_EQ(text_in(element("p", {}, hostile).markup()).substr(0, 18), hostile.substr(0, 18));
}

TEST(UrlTest, EncodesItsParts) {
    EXPECT_EQ(Url{}.text(), "/");
    EXPECT_EQ((Url{"services", "a.b-c_d"}.text()), "/services/a.b-c_d");
    EXPECT_EQ((Url{"services", "a/b?c#d%e \"<\xC3\xBC"}.text()), "/services/a%2Fb%3Fc%23d%25e%20%22%3C%C3%BC");
    EXPECT_EQ((Url{"style.css"}.query("v", "1&2").query("w", "=").text()), "/style.css?v=1%262&w=%3D");
    EXPECT_EQ(Url::within_page("log").text(), "#log");
}

TEST(UrlTest, APartThatBrowsersWouldDropNamesNothing) {
    EXPECT_EQ((Url{"services", "x", "events", ".."}.text()), "/services/x/events/..~");
    EXPECT_EQ((Url{"services", "."}.text()), "/services/.~");
    EXPECT_EQ((Url{"", "example.org"}.text()), "/~/example.org");
}

// The checker of the other tests finds what it is for.

TEST(CheckedPageTest, FindsWhatIsWrong) {
    EXPECT_THAT(faults_of("<p><b>x</p></b>"), Not(IsEmpty()));
    EXPECT_THAT(faults_of("<p>x"), Not(IsEmpty()));
    EXPECT_THAT(faults_of("<p onclick=\"x\"></p>"), Not(IsEmpty()));
    EXPECT_THAT(faults_of("<p style=\"x\"></p>"), Not(IsEmpty()));
    EXPECT_THAT(faults_of("<a href=\"//evil\"></a>"), Not(IsEmpty()));
    EXPECT_THAT(faults_of("<a href=\"javascript:x\"></a>"), Not(IsEmpty()));
    EXPECT_THAT(faults_of("<script>x</script>"), Not(IsEmpty()));
    EXPECT_THAT(faults_of("<p id=\"a\"></p><p id=\"a\"></p>"), Not(IsEmpty()));
    EXPECT_THAT(faults_of("<label for=\"a\"></label>"), Not(IsEmpty()));
    EXPECT_THAT(faults_of("<input id=\"a\">"), Not(IsEmpty()));
    EXPECT_THAT(faults_of("<label for=\"a\">A</label><input id=\"a\">"), IsEmpty());
}

}  // namespace
}  // namespace servicekit::servicectl::web

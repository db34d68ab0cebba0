#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace servicekit::servicectl::web {

/// Appends a text of another program as the text of an element or of an attribute in quotes. Everything that HTML gives
/// a meaning is escaped, and append_escaped() has made control characters, controls of the writing direction and bytes
/// that are not UTF-8 visible. Newlines and tabs become `\n` and `\t`.
void append_html_text(std::string& out, std::string_view text);

/// A piece of a page. It is made of texts, which are escaped, and of elements. Nothing turns a text into markup.
class Html {
public:
    Html() = default;
    // A text may be written wherever a piece of a page is expected.
    // NOLINTBEGIN(google-explicit-constructor)
    Html(std::string_view text) { append_html_text(markup_, text); }
    Html(const std::string& text) : Html{std::string_view{text}} {}
    Html(const char* text) : Html{std::string_view{text}} {}
    // NOLINTEND(google-explicit-constructor)

    Html& operator+=(const Html& next) {
        markup_ += next.markup_;
        return *this;
    }

    friend Html operator+(Html first, const Html& second) { return std::move(first += second); }

    [[nodiscard]] const std::string& markup() const noexcept { return markup_; }
    [[nodiscard]] bool empty() const noexcept { return markup_.empty(); }

private:
    friend class ElementWriter;
    friend Html text_of_lines(std::string_view text);
    std::string markup_;
};

/// Returns a text of several lines: newlines and tabs are kept.
[[nodiscard]] Html text_of_lines(std::string_view text);

/// The path of a page of this server. Each part is encoded, so that a text in it cannot leave its place.
class Url {
public:
    /// Makes a path of its parts: {"services", "greeter"} becomes /services/greeter. No parts: /. A part that browsers
    /// would drop (an empty one, "." and "..") gets a `~`.
    Url(std::initializer_list<std::string_view> parts);
    /// Adds a query.
    Url& query(std::string_view name, std::string_view value);
    /// Adds a fragment: the id of an element.
    Url& fragment(std::string_view id);
    /// Makes a link to an element of the same page.
    [[nodiscard]] static Url within_page(std::string_view id);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
    bool has_query_ = false;
};

/// The name of an attribute whose value is a text. It is a literal, and the compiler rejects one whose value a browser
/// would run, load or follow. Links are made by href(), action() and src() below.
class AttributeName {
public:
    // NOLINTNEXTLINE(google-explicit-constructor): so that attributes can be written as pairs
    consteval AttributeName(const char* name) : name_{name} {
        const bool is_handler = name_.substr(0, 2) == "on";
        const bool is_code = name_ == "style" || name_ == "srcdoc" || name_ == "http-equiv";
        const bool is_link = name_ == "href" || name_ == "src" || name_ == "action" || name_ == "formaction";
        if (is_handler || is_code || is_link || name_.find_first_of(" \"'<>=/") != std::string_view::npos)
            throw "not the name of an attribute with a text";
    }
    [[nodiscard]] constexpr std::string_view text() const noexcept { return name_; }

private:
    std::string_view name_;
};

/// An attribute of an element.
class Attribute {
public:
    Attribute(AttributeName name, std::string_view value) { append(name.text(), value); }
    /// Makes an attribute without a value, which is left out if it is not set.
    Attribute(AttributeName name, bool is_set) {
        if (is_set) (markup_ += ' ') += name.text();
    }
    Attribute(AttributeName name, const char* value) : Attribute{name, std::string_view{value}} {}
    Attribute(AttributeName name, const std::string& value) : Attribute{name, std::string_view{value}} {}

    [[nodiscard]] const std::string& markup() const noexcept { return markup_; }

private:
    friend Attribute href(const Url& url);
    friend Attribute src(const Url& url);
    friend Attribute action(const Url& url);
    friend Attribute refresh_every_seconds();
    struct Checked {};
    Attribute(Checked /*unused*/, std::string_view name, std::string_view value) { append(name, value); }
    void append(std::string_view name, std::string_view value);

    std::string markup_;
};
[[nodiscard]] Attribute href(const Url& url);
[[nodiscard]] Attribute src(const Url& url);
[[nodiscard]] Attribute action(const Url& url);
/// Of a <meta> whose content is the number of seconds after which the browser loads the page again.
[[nodiscard]] Attribute refresh_every_seconds();

class Attributes {
public:
    Attributes() = default;
    Attributes(std::initializer_list<Attribute> attributes) {
        for (const Attribute& attribute : attributes) add(attribute);
    }
    Attributes& add(const Attribute& attribute) {
        markup_ += attribute.markup();
        return *this;
    }
    [[nodiscard]] const std::string& markup() const noexcept { return markup_; }

private:
    std::string markup_;
};

/// The name of an element: a literal. The compiler rejects elements whose content is not HTML.
class Tag {
public:
    // NOLINTNEXTLINE(google-explicit-constructor): so that elements can be written with literals
    consteval Tag(const char* name) : name_{name} {
        if (name_ == "style" ||
            name_.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") != std::string_view::npos)
            throw "not the name of an element of a page";
        for (const std::string_view name_of_void : {"br", "hr", "img", "input", "link", "meta"})
            is_void_ = is_void_ || name_ == name_of_void;
    }
    [[nodiscard]] constexpr std::string_view text() const noexcept { return name_; }
    /// Returns true if the element has no content and no end.
    [[nodiscard]] constexpr bool is_void() const noexcept { return is_void_; }

private:
    std::string_view name_;
    bool is_void_ = false;
};

/// Writes one element.
class ElementWriter {
public:
    ElementWriter(Tag tag, const Attributes& attributes);
    void add(const Html& content) { html_ += content; }
    [[nodiscard]] Html finish() &&;

private:
    Tag tag_;
    Html html_;
};

/// Returns an element with these parts one after the other: element("p", {{"class", "reason"}}, "not ready: ", reason)
template <class... Parts>
[[nodiscard]] Html element(Tag tag, const Attributes& attributes, const Parts&... parts) {
    ElementWriter writer{tag, attributes};
    (writer.add(parts), ...);
    return std::move(writer).finish();
}

/// Returns what `make` returns for each item, one after the other.
template <class Items, class Make>
[[nodiscard]] Html each(const Items& items, const Make& make) {
    Html all;
    for (const auto& item : items) all += make(item);
    return all;
}

}  // namespace servicekit::servicectl::web

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace servicekit::cli {

/// Text with fonts for a man page, in the language of roff(7). It is made of plain texts only, each of which is escaped.
/// So whatever the texts contain, roff prints them and never executes a part of them.
class Roff {
public:
    Roff() = default;
    /// Runs of blanks and line breaks become one blank. Control characters are escaped by append_escaped().
    [[nodiscard]] static Roff plain(std::string_view text);
    [[nodiscard]] static Roff bold(std::string_view text);
    [[nodiscard]] static Roff italic(std::string_view text);

    /// The dash between the name of a page and its description, by which whatis(1) finds them.
    [[nodiscard]] static Roff dash() { return Roff{" \\- "}; }

    Roff& operator+=(const Roff& other) {
        code_ += other.code_;
        return *this;
    }
    [[nodiscard]] friend Roff operator+(Roff one, const Roff& other) { return std::move(one += other); }

    [[nodiscard]] bool empty() const noexcept { return code_.empty(); }
    /// Returns the text for roff, as one line that is neither a request nor a macro.
    [[nodiscard]] const std::string& code() const noexcept { return code_; }

private:
    explicit Roff(std::string code) : code_{std::move(code)} {}

    std::string code_;
};

/// Writes a page with the macros of man(7), so that man-db and mandoc format it without a warning.
class ManPage {
public:
    struct Title {
        std::string name;
        int section = 1;
        std::string date = {};    ///< YYYY-MM-DD; empty: none
        std::string source = {};  ///< the program and its version, for the footer
        std::string manual = {};  ///< for the header
    };
    explicit ManPage(const Title& title);

    void section(std::string_view heading);
    void subsection(std::string_view heading);
    void paragraph(const Roff& text);
    /// Adds a term with its description below it, or beside it if the term is short.
    void item(const Roff& term, const Roff& text);
    /// Does the same without an empty line before it.
    /// \param width columns for the term, if the text is to be beside it; 0: the usual ones
    void tight_item(const Roff& term, const Roff& text, unsigned width = 0);
    /// Adds a line to an item.
    void line(const Roff& text);
    /// Adds an item of a list. The items of one list have no empty lines between them.
    void bullet(const Roff& text);
    /// Does the same with a number, such as "1.".
    void numbered(std::string_view number, const Roff& text);
    /// Adds lines that are printed as they are, blanks too.
    void literal(const std::vector<std::string>& lines);
    /// Indents what follows. \pre end_indent() follows
    void begin_indent();
    void end_indent();

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    void macro(std::string_view line);
    void add_item(const Roff& term, const Roff& text, unsigned width = 0);
    void lines_of(const Roff& text);
    void add_list_item(std::string_view mark, const Roff& text);
    void set_tight(bool tight);

    std::string text_;
    bool follows_heading_ = false;
    bool is_tight_ = false;
    bool follows_bullet_ = false;
};

}  // namespace servicekit::cli

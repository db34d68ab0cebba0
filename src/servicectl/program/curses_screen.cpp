#include "servicectl/program/curses_screen.hpp"

// Macros of these names would change our own code.
#define NCURSES_NOMACROS 1
#ifndef NCURSES_WIDECHAR
#define NCURSES_WIDECHAR 1
#endif
#include <curses.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <string>
#include <string_view>
#include <utility>

#include "base/escaped_text.hpp"
#include "os/streams/terminal_size.hpp"
#include "servicectl/top/characters.hpp"

namespace servicekit::servicectl {
namespace {

using top::Key, top::Line, top::Page, top::Screen, top::ScreenOptions, top::Size, top::Span, top::Style, top::Tone;

constexpr short pair_of_hung = 1;
constexpr short pair_of_dead = 2;
constexpr wchar_t replacement = L'?';

/// Returns true if the locale of this process has UTF-8.
bool locale_has_utf8() {
    constexpr std::string_view letter = "\xc3\xa9";
    wchar_t wide = 0;
    std::mbstate_t state{};
    return std::mbrtowc(&wide, letter.data(), letter.size(), &state) == letter.size() && wide == L'\u00e9';
}

Key named(Key::Name name) { return {.name = name}; }

/// The one screen of ncurses in this process.
class CursesScreen final : public Screen {
public:
    CursesScreen(SCREEN* screen, bool has_colours) : screen_{screen}, is_utf8_{locale_has_utf8()} {
        ::cbreak();
        ::noecho();
        ::nonl();
        ::keypad(stdscr, true);
        ::meta(stdscr, true);
        ::nodelay(stdscr, true);
        ::curs_set(0);
        if (has_colours && ::has_colors() && ::start_color() == OK) {
            const short background = ::use_default_colors() == OK ? -1 : COLOR_BLACK;
            has_pairs_ = ::init_pair(pair_of_hung, COLOR_YELLOW, background) == OK &&
                         ::init_pair(pair_of_dead, COLOR_RED, background) == OK;
        }
        adapt();
    }
    CursesScreen(const CursesScreen&) = delete;
    CursesScreen& operator=(const CursesScreen&) = delete;
    ~CursesScreen() override {
        ::endwin();
        ::delscreen(screen_);
    }

    [[nodiscard]] Size size() const override {
        return {static_cast<std::size_t>(std::max(::getmaxy(stdscr), 0)),
                static_cast<std::size_t>(std::max(::getmaxx(stdscr), 0))};
    }

    [[nodiscard]] std::size_t columns_of(char32_t character) const override {
        if (character < 0x80 || !is_utf8_) return 1;
        const int columns = ::wcwidth(static_cast<wchar_t>(character));
        return columns < 0 ? 1 : static_cast<std::size_t>(columns);
    }

    void show(const Page& page) override {
        ::werase(stdscr);
        const Size now = size();
        for (std::size_t row = 0; row < page.size() && row < now.rows; ++row) {
            ::wmove(stdscr, static_cast<int>(row), 0);
            show(page[row], now.columns);
        }
        ::wrefresh(stdscr);
    }

    [[nodiscard]] int input() const override { return static_cast<int>(os::Stream::in); }

    std::optional<Key> read_key() override {
        const int code = ::wgetch(stdscr);
        if (code == ERR) return std::nullopt;
        constexpr int first_beyond_bytes = 0x100;
        if (code >= first_beyond_bytes) return of_function_key(code);
        constexpr int first_beyond_ascii = 0x80;
        if (code < first_beyond_ascii && begun_.empty()) return of_ascii(static_cast<char>(code));
        return of_utf8(static_cast<char>(code));
    }

    void adapt() override {
        if (const auto known = os::terminal_size(os::Stream::out))
            ::resize_term(static_cast<int>(known->rows), static_cast<int>(known->columns));
        ::clearok(curscr, true);
    }

    void leave() override { ::endwin(); }
    void enter() override {
        // The next refresh takes the terminal again.
        ::clearok(curscr, true);
        adapt();
    }

private:
    void show(const Line& line, std::size_t columns) const {
        std::size_t used = 0;
        for (const Span& span : line) {
            std::wstring cell;
            const auto put = [&] {
                if (!cell.empty()) put_cell(cell, span.style);
                cell.clear();
            };
            for (std::string_view rest = span.text; !rest.empty();) {
                const char32_t character = top::take_character(rest).code;
                const std::size_t width = columns_of(character);
                // Marks join the character before them, as many as a cell takes.
                if (width == 0) {
                    if (!cell.empty() && cell.size() + 1 < CCHARW_MAX) cell += static_cast<wchar_t>(character);
                    continue;
                }
                put();
                if (used + width > columns) return;
                used += width;
                cell = is_shown(character) ? static_cast<wchar_t>(character) : replacement;
            }
            put();
        }
    }
    void put_cell(const std::wstring& text, const Style& style) const {
        cchar_t cell{};
        ::setcchar(&cell, text.c_str(), attributes_of(style), pair_of(style), nullptr);
        ::wadd_wch(stdscr, &cell);
    }
    [[nodiscard]] bool is_shown(char32_t character) const {
        return character < 0x80 || (is_utf8_ && ::wcwidth(static_cast<wchar_t>(character)) > 0);
    }
    [[nodiscard]] static attr_t attributes_of(const Style& style) {
        attr_t attributes = style.reverse ? WA_REVERSE : WA_NORMAL;
        if (style.underlined) attributes |= WA_UNDERLINE;
        if (style.tone == Tone::faint) attributes |= WA_DIM;
        if (style.tone == Tone::strong || style.tone == Tone::hung || style.tone == Tone::dead) attributes |= WA_BOLD;
        return attributes;
    }
    [[nodiscard]] short pair_of(const Style& style) const {
        if (!has_pairs_) return 0;
        return style.tone == Tone::hung ? pair_of_hung : style.tone == Tone::dead ? pair_of_dead : short{0};
    }

    static Key of_function_key(int code) {
        switch (code) {
            case KEY_UP:
                return named(Key::Name::up);
            case KEY_DOWN:
                return named(Key::Name::down);
            case KEY_LEFT:
                return named(Key::Name::left);
            case KEY_RIGHT:
                return named(Key::Name::right);
            case KEY_PPAGE:
                return named(Key::Name::page_up);
            case KEY_NPAGE:
                return named(Key::Name::page_down);
            case KEY_HOME:
                return named(Key::Name::home);
            case KEY_END:
                return named(Key::Name::end);
            case KEY_ENTER:
                return named(Key::Name::enter);
            case KEY_BACKSPACE:
                return named(Key::Name::backspace);
            default:
                return named(Key::Name::other);
        }
    }
    static Key of_ascii(char letter) {
        constexpr char escape = 0x1b;
        constexpr char erase = 0x7f;
        switch (letter) {
            case '\r':
            case '\n':
                return named(Key::Name::enter);
            case escape:
                return named(Key::Name::escape);
            case '\t':
                return named(Key::Name::tab);
            case '\b':
            case erase:
                return named(Key::Name::backspace);
            default:
                return letter < ' ' ? named(Key::Name::other) : Key{Key::Name::character, std::string{letter}};
        }
    }
    /// Collects the bytes of a character, which may arrive one after the other.
    Key of_utf8(char byte) {
        begun_ += byte;
        if (is_utf8_ && unfinished_character(begun_) == begun_.size()) return named(Key::Name::other);
        const std::string typed = std::exchange(begun_, {});
        const bool is_plain = is_utf8_ && plain_character(typed) == typed.size();
        return is_plain ? Key{Key::Name::character, typed} : named(Key::Name::other);
    }

    SCREEN* screen_;
    bool is_utf8_;
    bool has_pairs_ = false;
    std::string begun_;
};

Error cannot_draw(const ScreenOptions& options, std::string reason) {
    return {ExitCode::usage, "draw on the terminal", options.terminal,
            std::move(reason) + "; TERM names its type, and 'servicectl list' needs none"};
}

}  // namespace

Result<std::unique_ptr<Screen>> open_curses_screen(const ScreenOptions& options) {
    // How long the rest of the sequence of a key may take, over a network, too. ESCDELAY in the environment overrides it.
    constexpr int milliseconds_of_escape = 100;
    std::setlocale(LC_CTYPE, "");
    ::set_escdelay(milliseconds_of_escape);
    SCREEN* const screen = ::newterm(options.terminal.c_str(), stdout, stdin);
    if (screen == nullptr) return cannot_draw(options, "its type is not known here");
    char name[] = "cup";
    const char* const places_cursor = ::tigetstr(name);
    if (places_cursor == nullptr || places_cursor == reinterpret_cast<const char*>(-1)) {
        ::endwin();
        ::delscreen(screen);
        return cannot_draw(options, "it cannot place text");
    }
    return std::unique_ptr<Screen>{std::make_unique<CursesScreen>(screen, options.has_colours)};
}

}  // namespace servicekit::servicectl

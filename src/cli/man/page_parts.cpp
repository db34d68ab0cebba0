#include "cli/man/page_parts.hpp"

#include <chrono>
#include <cstdint>

#include "base/parse_number.hpp"
#include "base/rfc3339.hpp"
#include "cli/man/reference_pages.hpp"

namespace servicekit::cli {

std::string date_of_page(const os::Environment& environment) {
    const auto text = environment.get("SOURCE_DATE_EPOCH");
    const auto seconds = text ? parse_number<std::uint32_t>(*text) : std::nullopt;
    if (!seconds) return {};
    constexpr std::size_t length_of_day = 10;
    return rfc3339(std::chrono::system_clock::time_point{std::chrono::seconds{*seconds}}).substr(0, length_of_day);
}

Roff reference(std::string_view page, int section) {
    return Roff::bold(page) + Roff::plain("(" + std::to_string(section) + ")");
}

Roff term_of(const OptionDescription& option) {
    Roff term =
        option.letter.empty() ? Roff{} : Roff::bold(option.letter) + Roff::plain(option.name.empty() ? "" : ", ");
    term += Roff::bold(option.name);
    if (!option.placeholder.empty()) term += Roff::plain(" ") + Roff::italic(option.placeholder);
    return term;
}

void add_arguments(ManPage& page, const std::vector<ArgumentDescription>& arguments) {
    for (const ArgumentDescription& argument : arguments)
        page.tight_item(Roff::italic(argument.name), Roff::plain(argument.description));
}

Roff usage_of(const std::vector<ArgumentDescription>& arguments) {
    Roff usage;
    for (const ArgumentDescription& argument : arguments) {
        const Roff name = Roff::italic(argument.name) + Roff::plain(argument.is_repeated ? "..." : "");
        usage += argument.is_required ? Roff::plain(" ") + name : Roff::plain(" [") + name + Roff::plain("]");
    }
    return usage;
}

void add_options(ManPage& page, const std::vector<OptionDescription>& options) {
    for (const OptionDescription& option : options) page.tight_item(term_of(option), Roff::plain(option.description));
}

void add_exit_codes(ManPage& page, const NameOfPage& name_of_page) {
    bool is_first = true;
    for (const auto& row : find_table(parse_markdown(reference_page::exit_codes), "code", "name").rows) {
        const Roff meaning = roff_of(row.back(), name_of_page);
        if (row.front().empty())
            page.line(meaning);
        else if (is_first)
            page.item(Roff::bold(row.front()), meaning);
        else
            page.tight_item(Roff::bold(row.front()), meaning);
        is_first = false;
    }
}

}  // namespace servicekit::cli

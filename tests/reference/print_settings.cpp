// Prints docs/reference/settings.md from the library's table of settings.
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include "core/setting_table.hpp"

namespace {

std::string_view value_in_words(servicekit::SettingKind kind) {
    using Kind = servicekit::SettingKind;
    switch (kind) {
        case Kind::name:
            return "letters, digits, `.`, `_`, `-`; at most 64";
        case Kind::path:
            return "a path";
        case Kind::log_level:
            return "`trace`, `debug`, `info`, `warning`, `error` or `fatal`";
        case Kind::account:
            return "a name, or a number as text";
        case Kind::file_mask:
            return "octal digits as text: `\"0640\"`";
        case Kind::seconds:
            return "seconds: `8`, `0.5`; as text also `8s`";
        case Kind::interval:
            return "seconds, at least 1; as text also `15s`";
        case Kind::flag:
            return "`true` or `false`; as text also `1`, `yes`, `on`, `0`, `no`, `off`";
        case Kind::limit:
            return "a number, or `\"unlimited\"`";
        case Kind::paths:
            return "a list of paths; as text with colons between them";
        case Kind::peers:
            return "a list of `user:NAME`, `group:NAME`, `socket-group`, `everyone`; as text with commas between them";
        case Kind::descriptor:
            return "a number, 3 or above";
        case Kind::line_format:
            return "`text` or `json`";
        case Kind::size:
            return "bytes, or text such as `64M` (`K`, `M`, `G`: times 1,024)";
        case Kind::period:
            return "seconds, or `hourly`, `daily`, `weekly`";
        case Kind::count:
            return "a number";
        case Kind::words:
            return "a list of a program and its arguments; as text with spaces between them";
        case Kind::urls:
            return "a list of URLs without a user or a password; as text with commas between them";
        case Kind::text:
            return "a text";
        case Kind::readiness:
            return "`standby` or `active`";
        case Kind::loss_action:
            return "`exit` or `standby`";
        case Kind::cluster_start:
            return "`wait` or `required`";
        case Kind::stream:
            break;
    }
    return "`null`, `inherit`, a path, or an object with `path`, `mode`, `open` (`append`, `truncate`, `create`) and "
           "`fifo`; for stdout and stderr also `log`";
}

}  // namespace

int main() {
    std::cout
        << "# Settings\n\n"
           "Every service has these settings. A setting is a key of the config file, an option of the command line\n"
           "(`--log-level debug`) and an environment variable: the name of the program, an underscore and the name of\n"
           "the setting, all in capitals with `_` for `-` and `.` (`GREETER_LOG_LEVEL=debug`). `config` itself can't\n"
           "be a key of a config file.\n\n"
           "If several set the same setting, the last of these wins: the program's options in `main()`, the config\n"
           "file, `settings.set()` in `on_load`, the environment, the command line, `settings.force()` in `on_load`.\n"
           "The verb `where` prints each value and where it comes from.\n\n"
           "A reload changes the settings that say so. The others need a restart.\n";
    std::optional<servicekit::SettingGroup> group;
    for (const servicekit::SettingRow& row : servicekit::setting_table(servicekit::SettingScope::with_standby)) {
        if (group != row.group) {
            group = row.group;
            std::cout << "\n## " << to_string(*group) << "\n\n";
            if (group == servicekit::SettingGroup::cluster)
                std::cout
                    << "Only a service whose lock has a [second level](../behaviour.md#standby-and-activity) has\n"
                       "these settings. A password comes from a file. No setting contains it.\n\n";
        }
        std::cout << "- **`" << row.name << "`**: " << row.description << ".\n";
        std::cout << "  Value: " << value_in_words(row.kind) << ".";
        if (row.kind == servicekit::SettingKind::flag)
            std::cout << " Default: `false`.";
        else if (const auto value = default_of(row); value.empty())
            std::cout << " No default.";
        else
            std::cout << " Default: "
                      << (row.otherwise.value.empty() ? std::string{value} : "`" + std::string{value} + "`") << ".";
        if (row.changes_on_reload) std::cout << " A reload changes it.";
        std::cout << "\n";
    }
}

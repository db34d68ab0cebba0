#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// The key as the name of a field: A to Z, 0 to 9 and `_`, beginning with a letter, at most 64, and none of those that
/// append_journal_entry() writes itself.
[[nodiscard]] std::string journal_field_name(std::string_view key);

/// Appends the record as one entry of journald's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL).
/// Values are escaped by append_escaped(), with newlines and tabs as they are: journalctl shows a value with control
/// characters as "blob data", or writes them to the terminal (`-o cat`).
void append_journal_entry(std::string& out, const LogRecord& record, std::string_view service, pid_t pid);

}  // namespace servicekit::policies

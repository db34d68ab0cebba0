#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// Returns the key as a field name: A to Z, 0 to 9 and `_`, at most 64 characters, beginning with a letter, and
/// different from the names that append_journal_entry() writes itself.
[[nodiscard]] std::string journal_field_name(std::string_view key);

/// Appends the record as one entry of journald's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL).
/// Values are escaped by append_escaped(), except newlines and tabs: journalctl shows a value with control characters
/// as "blob data", or writes them to the terminal (`-o cat`).
void append_journal_entry(std::string& out, const LogRecord& record, std::string_view service, pid_t pid);

}  // namespace servicekit::policies

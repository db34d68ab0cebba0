#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "core/start_record.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {

/// The environment variable with the one directory for records, instead of the usual ones: for tests. "none": no
/// records.
inline constexpr const char* records_variable = "SERVICEKIT_RECORDS";

/// Returns the directories for the records of this user's starts. A start uses the first one that can be written.
[[nodiscard]] std::vector<std::string> record_directories_of_starts(const os::Host& host);
/// Returns the directories in which a verb of this user searches for records of an instance: those of the user's
/// starts, and root's.
[[nodiscard]] std::vector<std::string> record_directories_to_search(const StartNaming& given, const os::Host& host);

/// Returns the record of the last start of this service in the same place. It is read where a start would write its
/// record. \returns nothing if there is none, or if another user could have written it
[[nodiscard]] Result<std::optional<StartRecord>> last_start_record(const StartRecord& record, const os::Host& host);

/// Writes the record of a start, and removes other records of its place. If there are many records, also removes some
/// of places that are gone. \pre the caller holds the lock of that place
/// \returns the path for the StopNote of the place, which only this user and root can change; empty if no record is
///          written
Result<std::string> write_start_record(const StartRecord& record, const os::Host& host);

/// Finds the records of the instances that are meant, the latest start first, one for each place. A record counts if
/// only root and this user can have written it, and if its place had no later start. The user that the service changes
/// to is not trusted either: it could direct a verb of root to any service.
[[nodiscard]] std::vector<StartRecord> find_start_records(const StartNaming& given, const os::Host& host);

/// Returns all records in these directories, or in the one that SERVICEKIT_RECORDS names instead: the latest for each
/// place. A record counts if only root and this user can have written it.
[[nodiscard]] std::vector<StartRecord> all_start_records(const std::vector<std::string>& directories,
                                                         const os::Host& host);

}  // namespace servicekit

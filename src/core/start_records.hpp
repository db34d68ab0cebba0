#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/start_record.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {

/// The variable that names one directory for records, in place of all the usual ones: for tests. "none": no records.
inline constexpr const char* records_variable = "SERVICEKIT_RECORDS";

/// Where starts of this user write their records: the first of these that can be written.
[[nodiscard]] std::vector<std::string> record_directories_of_starts(const os::Host& host);
/// Where a verb of this user looks for records of an instance: those of its own starts, and root's.
[[nodiscard]] std::vector<std::string> record_directories_to_search(const StartNaming& given, const os::Host& host);

/// Writes the record of a start, in place of any other record of its place. Removes some records of places that are gone,
/// if there are many. \pre the caller holds the lock of that place
Result<void> write_start_record(const StartRecord& record, const os::Host& host);

/// The records of the instances that are meant, the latest start first, one for each place. A record counts if nobody but
/// root and this user can have written it, and if no other start had its place since. Not even the user whom the service
/// becomes is believed: it could lead a verb of root's to any service.
[[nodiscard]] std::vector<StartRecord> find_start_records(const StartNaming& given, const os::Host& host);

}  // namespace servicekit

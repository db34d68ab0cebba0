#include "policies/log/json_line.hpp"

#include <utility>

#include "base/rfc3339.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::policies {

void append_json_line(std::string& out, const contract::LogRecord& record, std::string_view service, pid_t pid) {
    std::string time;
    append_rfc3339(time, record.time, TimePrecision::microseconds);
    append_json(out, {{"time", std::move(time)},
                      {"level", to_string(record.level)},
                      {"service", service},
                      {"pid", pid},
                      {"message", record.message}});
    out += '\n';
}

}  // namespace servicekit::policies

#include "core/error_output.hpp"

#include "base/escaped_text.hpp"

namespace servicekit {

void ErrorOutput::print(const Error& error) {
    print(LogLevel::error, error.message());
    if (on_print_) on_print_(error);
}

void ErrorOutput::warn(const std::string& text) { print(LogLevel::warning, "warning: " + text); }

void ErrorOutput::print(LogLevel level, const std::string& text) {
    const std::string& name = instance_.paths.name.empty() ? instance_.options.name : instance_.paths.name;
    std::string prefix;
    if (host_.service_manager->has_journal_on_stderr()) prefix = level == LogLevel::warning ? "<4>" : "<3>";
    host_.streams->write(os::Stream::error, prefix + escaped((name.empty() ? "service" : name) + ": " + text) + "\n");
}

void ErrorOutput::report(const Error& error) {
    const Deployment& deployment = instance_.deployment;
    if (deployment.background || !deployment.log_file.empty()) log_.error(error.message());
    if (!deployment.background) print(error);
}

}  // namespace servicekit

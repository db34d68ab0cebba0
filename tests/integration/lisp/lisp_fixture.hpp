#pragma once

#include <string>
#include <vector>

#include "integration/lisp/asan_options.hpp"
#include "integration/support/service_test.hpp"

namespace servicekit::test {

/// Tests of programs/lisp_trial.cpp.
class LispTest : public ServiceTest {
protected:
    ServiceProgram lisp{"lisp-trial", directory.path()};

    /// Returns the first value of the form, as printed.
    static std::string value_of(const RunningService& service, const std::string& form, double time_limit = 20) {
        const Object reply = service.call("eval", {{"form", form}, {"time-limit", time_limit}});
        const Value::List& values = reply.find("values")->as_list();
        const Value::List& first = values.at(0).as_list();
        return first.empty() ? "" : first.front().as_string();
    }
    /// Returns a form that runs a program, and whose value is the first line of its output. With ECL 24.5 a program now
    /// and then hangs if its output goes to a Lisp stream: `:output` must be `:stream`.
    /// \param arguments quoted for Lisp
    static std::string first_line_of(const std::string& program, const std::string& arguments) {
        return "(values (read-line (ext:run-program \"" + program + "\" '(" + arguments + ") :output :stream)))";
    }
    /// Returns the error with which the form ends.
    static Object error_of(const RunningService& service, const std::string& form, double time_limit = 20) {
        return service.call_in_vain("eval", {{"form", form}, {"time-limit", time_limit}});
    }
    static std::string kind_of(const RunningService& service, const std::string& form, double time_limit = 20) {
        const Object error = error_of(service, form, time_limit);
        const Value* kind = error.find("kind");
        return kind != nullptr ? kind->as_string() : "";
    }
};

}  // namespace servicekit::test

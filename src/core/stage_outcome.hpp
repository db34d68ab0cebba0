#pragma once

#include <cerrno>
#include <new>
#include <optional>
#include <system_error>

#include "core/caught_exception.hpp"
#include "servicekit/base/error.hpp"

namespace servicekit {

/// Runs a stage of a life. Converts an exception to an error, so that the earlier stages are undone and all waiting
/// clients get an answer.
/// \returns the error, if there was one
template <class Stage>
std::optional<Error> outcome_of(const Stage& stage) {
    try {
        return stage();
    } catch (const std::system_error& error) {
        return Error{ExitCode::os, "start", "", error.what(), error.code().value()};
    } catch (const std::bad_alloc&) {
        return os_error("start", "", ENOMEM);
    } catch (...) {
        return Error{ExitCode::internal, "start", "", describe_current_exception().message};
    }
}

}  // namespace servicekit

#include "core/caught_exception.hpp"

#include <cxxabi.h>

#include <exception>
#include <typeinfo>
#include <utility>

#include "base/demangled.hpp"
#include "core/protocol.hpp"
#include "servicekit/core/event.hpp"
#include "servicekit/os/process.hpp"

namespace servicekit {

CaughtException describe_current_exception() {
    const std::type_info* type = abi::__cxa_current_exception_type();
    std::string name = type != nullptr ? demangled(type->name()) : "unknown";
    try {
        throw;
    } catch (const ErrorReply& failure) {
        const Value* own = failure.fields().find("type");
        if (own != nullptr && own->is_string()) name = own->as_string();
        return {.type = std::move(name), .message = failure.what(), .code = failure.code(), .fields = failure.fields()};
    } catch (const std::exception& error) {
        return {.type = std::move(name), .message = error.what()};
    } catch (const char* text) {
        return {.type = std::move(name), .message = text};
    } catch (const std::string& text) {
        return {.type = std::move(name), .message = text};
    } catch (const abi::__forced_unwind&) {
        throw;  // the unwinding of a cancelled thread must not stop here
    } catch (const os::ProcessExited&) {
        throw;
    } catch (...) {
        return {.type = name, .message = "an exception of type " + name};
    }
}

Object CaughtException::as_error(const std::string& event) const {
    Object error = make_error(code, message, {{"event", event}});
    if (code == "event-error") error.append("type", type);
    for (const auto& [key, value] : fields) error.set(key, value);
    return error;
}

}  // namespace servicekit

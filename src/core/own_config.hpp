#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "servicekit/base/value.hpp"
#include "servicekit/core/config_schema.hpp"

namespace servicekit {

/// The structs that were made from a program's own configuration: see Configured. current() can be called from any
/// thread. All else is for the event thread.
class OwnConfig {
public:
    void declare(std::shared_ptr<const ConfigSchema> schema);
    /// Returns null if the program has declared none.
    [[nodiscard]] const ConfigSchema* schema() const noexcept { return schema_.get(); }
    /// Returns the struct in force. While a load runs, the thread that runs it gets the struct that is being loaded.
    [[nodiscard]] const void* current() const noexcept;

    /// \throws what ConfigSchema::read() throws for these values
    void check(const Value& app) const;
    /// Makes a struct from the values. It takes effect with commit(). \throws what ConfigSchema::read() throws
    void begin(const Value& app);
    void commit();
    /// Discards the struct that begin() has made, if there is one.
    void abandon() noexcept;

private:
    void keep_next() noexcept;

    std::shared_ptr<const ConfigSchema> schema_;
    /// All structs to which a reference may exist; the last one is in force. Each reload adds one if it changed
    /// something, or if it failed after on_load() had seen its struct.
    std::vector<std::shared_ptr<const void>> all_;
    Value in_force_;  ///< the values of the last one
    std::atomic<const void*> current_{nullptr};
    std::shared_ptr<const void> next_;
    Value next_values_;
    std::atomic<std::thread::id> loader_{};
};

}  // namespace servicekit

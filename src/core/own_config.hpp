#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "servicekit/base/value.hpp"
#include "servicekit/core/config_schema.hpp"

namespace servicekit {

/// The structs that a program's own configuration was made into: see Configured. current() is for any thread, all else for
/// the event thread.
class OwnConfig {
public:
    void declare(std::shared_ptr<const ConfigSchema> schema);
    /// Null if the program has declared none.
    [[nodiscard]] const ConfigSchema* schema() const noexcept { return schema_.get(); }
    /// The struct in force. While a load runs, the thread that runs it gets the struct that is being loaded.
    [[nodiscard]] const void* current() const noexcept;

    /// \throws what ConfigSchema::read() throws for these values
    void check(const Value& app) const;
    /// Makes a struct of the values, which takes effect with commit(). \throws what ConfigSchema::read() throws
    void begin(const Value& app);
    void commit();
    /// Forgets what begin() has made, if it has.
    void abandon() noexcept;

private:
    void keep_next() noexcept;

    std::shared_ptr<const ConfigSchema> schema_;
    /// Each struct that anybody may have a reference to; the last is the one in force. One for each reload that changed
    /// something, or failed after on_load() had seen it.
    std::vector<std::shared_ptr<const void>> all_;
    Value in_force_;  ///< what the last of them was made of
    std::atomic<const void*> current_{nullptr};
    std::shared_ptr<const void> next_;
    Value next_values_;
    std::atomic<std::thread::id> loader_{};
};

}  // namespace servicekit

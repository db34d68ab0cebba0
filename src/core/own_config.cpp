#include "core/own_config.hpp"

#include <algorithm>
#include <utility>

namespace servicekit {

void OwnConfig::declare(std::shared_ptr<const ConfigSchema> schema) {
    schema_ = std::move(schema);
    all_.push_back(schema_->defaults());
    current_.store(all_.back().get(), std::memory_order_release);
}

const void* OwnConfig::current() const noexcept {
    if (loader_.load(std::memory_order_relaxed) == std::this_thread::get_id()) return next_.get();
    return current_.load(std::memory_order_acquire);
}

void OwnConfig::begin(const Value& app) {
    if (!schema_) return;
    std::shared_ptr<const void> read = schema_->read(app);
    const bool is_same = all_.size() > 1 && app == in_force_;
    next_ = is_same ? all_.back() : std::move(read);
    next_values_ = app;
    all_.reserve(all_.size() + 1);  // so that keep_next() cannot fail
    loader_.store(std::this_thread::get_id(), std::memory_order_relaxed);
}

void OwnConfig::commit() {
    if (!next_) return;
    loader_.store({}, std::memory_order_relaxed);
    in_force_ = std::move(next_values_);
    current_.store(next_.get(), std::memory_order_release);
    keep_next();
}

void OwnConfig::abandon() noexcept {
    loader_.store({}, std::memory_order_relaxed);
    if (!next_) return;
    // on_load() may have taken a reference to the struct.
    const std::shared_ptr<const void> in_force = all_.back();
    keep_next();
    if (all_.back() != in_force) std::iter_swap(all_.end() - 1, all_.end() - 2);
}

void OwnConfig::keep_next() noexcept {
    if (next_ != all_.back()) all_.push_back(next_);
    next_.reset();
}

void OwnConfig::check(const Value& app) const {
    if (schema_) static_cast<void>(schema_->read(app));
}

}  // namespace servicekit

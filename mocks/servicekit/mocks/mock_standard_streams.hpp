#pragma once

#include <gmock/gmock.h>

#include <optional>
#include <string>

#include "servicekit/os/standard_streams.hpp"

namespace servicekit::mocks {

/// By default no stream is a terminal, and all of them can be redirected.
class MockStandardStreams : public os::StandardStreams {
public:
    MockStandardStreams();
    ~MockStandardStreams() override;

    MOCK_METHOD(void, write, (os::Stream stream, std::string_view text), (override));
    MOCK_METHOD(os::StreamWriting, write_within,
                (os::Stream stream, std::string_view text, std::chrono::milliseconds at_most), (override));
    MOCK_METHOD(void, write_at_crash, (os::Stream stream, std::string_view text, std::chrono::milliseconds at_most),
                (noexcept, override));
    MOCK_METHOD(Result<std::string>, read_rest, (std::size_t max_bytes), (override));
    MOCK_METHOD(Result<std::optional<std::string>>, ask_hidden, (const std::string& prompt), (override));
    MOCK_METHOD(Result<std::optional<char>>, ask_key, (const std::string& prompt, std::string_view keys), (override));
    MOCK_METHOD(bool, is_terminal, (os::Stream stream), (const, override));
    MOCK_METHOD(unsigned, terminal_width, (os::Stream stream), (const, override));
    MOCK_METHOD(Result<void>, open_closed_ones, (), (override));
    MOCK_METHOD(Result<void>, redirect_to_null, (os::Stream stream), (override));
    MOCK_METHOD(Result<void>, redirect_to, (os::Stream stream, int descriptor), (override));
    MOCK_METHOD(bool, leads_to, (os::Stream stream, int descriptor), (const, override));
    MOCK_METHOD(Result<std::optional<Error>>, redirect_to_file, (os::Stream stream, const os::StreamFile& file),
                (override));
    MOCK_METHOD(Result<void>, change_owner, (os::Stream stream, uid_t uid, gid_t gid), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockStandardStreams>;

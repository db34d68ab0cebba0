#include "base/scratch_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace servicekit {
namespace {

TEST(ScratchTextTest, IsEmptyEachTime) {
    { ScratchText{}.text() += "first"; }
    EXPECT_EQ(ScratchText{}.text(), "");
}

TEST(ScratchTextTest, KeepsItsMemoryWhenNested) {
    const char* outer_memory = nullptr;
    const char* inner_memory = nullptr;
    for (int round = 0; round < 2; ++round) {
        ScratchText outer;
        outer.text().assign(1000, 'o');
        ScratchText inner;
        inner.text().assign(1000, 'i');
        if (round > 0) {
            EXPECT_EQ(static_cast<const void*>(outer.text().data()), outer_memory);
            EXPECT_EQ(static_cast<const void*>(inner.text().data()), inner_memory);
        }
        outer_memory = outer.text().data();
        inner_memory = inner.text().data();
    }
}

TEST(ScratchTextTest, EachNestingLevelHasItsOwnText) {
    ScratchText first;
    first.text() = "first";
    ScratchText second;
    second.text() = "second";
    {
        ScratchText third;
        third.text() = "third";
        EXPECT_EQ(first.text() + second.text() + third.text(), "firstsecondthird");
    }
    EXPECT_EQ(first.text() + second.text(), "firstsecond");
}

/// Writes in its destructor, when its thread ends.
struct LateWriter {
    LateWriter() = default;
    LateWriter(const LateWriter&) = delete;
    LateWriter& operator=(const LateWriter&) = delete;
    ~LateWriter() {
        ScratchText first;
        first.text().assign(100, 'a');
        ScratchText second;
        second.text().assign(100, 'b');
        *written = first.text().back() + std::string{second.text().back()};
    }
    std::string* written = nullptr;
};

TEST(ScratchTextTest, WorksInLateDestructorsOfAThread) {
    std::string written;
    std::thread{[&written] {
        // Made first, and therefore destroyed last.
        thread_local LateWriter writer;
        writer.written = &written;
        ScratchText{}.text() = "what the thread keeps";
    }}.join();
    EXPECT_EQ(written, "ab");
}

}  // namespace
}  // namespace servicekit

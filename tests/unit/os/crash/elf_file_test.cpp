#include "os/crash/elf_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "integration/os/temporary_directory.hpp"
#include "os/crash/memory_map.hpp"

namespace servicekit::os {
namespace {

using ::testing::HasSubstr;

[[gnu::noinline]] int a_function_of_this_program(volatile int& number) { return number + 1; }

std::uint64_t inode_of(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

/// Closes the file, which ElfFile itself does not do.
struct OpenElfFile : ElfFile {
    ~OpenElfFile() { close(); }
};

const MemoryMap& own_map() {
    static MemoryMap map;
    map.read();
    return map;
}

std::uintptr_t address_of_function() { return reinterpret_cast<std::uintptr_t>(&a_function_of_this_program); }

TEST(MemoryMapTest, FindsTheMappingOfAFunction) {
    const MemoryMap::Mapping* const mapping = own_map().find(address_of_function());

    ASSERT_NE(mapping, nullptr);
    EXPECT_EQ(mapping->path, std::filesystem::read_symlink("/proc/self/exe").string());
    EXPECT_EQ(mapping->inode, inode_of(std::string{mapping->path}));
    EXPECT_LE(mapping->base, mapping->begin);
}

TEST(MemoryMapTest, FindsNothingAtAnUnmappedAddress) { EXPECT_EQ(own_map().find(0), nullptr); }

TEST(MemoryMapTest, ReadsMappedMemory) {
    const int number = 4711;
    int copy = 0;

    EXPECT_TRUE(read_memory(reinterpret_cast<std::uintptr_t>(&number), &copy, sizeof copy));
    EXPECT_EQ(copy, 4711);
    EXPECT_FALSE(read_memory(8, &copy, sizeof copy));
}

TEST(ElfFileTest, NamesTheFunctionOfAnAddress) {
    volatile int number = 1;
    ASSERT_EQ(a_function_of_this_program(number), 2);
    const MemoryMap::Mapping* const mapping = own_map().find(address_of_function());
    ASSERT_NE(mapping, nullptr);
    OpenElfFile file;
    ASSERT_TRUE(file.open(mapping->path.data(), mapping->inode));

    const auto symbol = file.symbol_at(address_of_function() - mapping->base + file.first_address() + 2);

    EXPECT_THAT(std::string{symbol.name}, HasSubstr("a_function_of_this_program"));
    EXPECT_EQ(symbol.offset, 2U);
}

TEST(ElfFileTest, DetectsAReplacedFile) {
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    OpenElfFile file;

    EXPECT_FALSE(file.open(self.c_str(), inode_of(self) + 1));
    EXPECT_FALSE(file.open("/missing", 1));
    EXPECT_FALSE(file.open("/proc", 1));
    EXPECT_EQ(file.symbol_at(0x1000).name, "");
}

TEST(ElfFileTest, ToleratesABrokenFile) {
    const test::TemporaryDirectory directory;
    const std::string path = directory.file("library");
    std::ifstream self{"/proc/self/exe", std::ios::binary};
    std::string head(4096, '\0');
    self.read(head.data(), static_cast<std::streamsize>(head.size()));
    // The first file lacks the tables that its header points to. In each other file one byte of the header is changed.
    for (std::size_t at = 0; at <= 64; ++at) {
        std::string broken = head;
        if (at > 0) broken[at - 1] = static_cast<char>(~broken[at - 1]);
        std::ofstream{path, std::ios::binary | std::ios::trunc} << broken;
        OpenElfFile file;
        const bool is_open = file.open(path.c_str(), inode_of(path));
        EXPECT_TRUE(!is_open || file.symbol_at(0x1000).name.empty());
    }
    std::ofstream{path, std::ios::binary | std::ios::trunc} << "\x7f"
                                                            << "ELF";
    OpenElfFile file;
    EXPECT_FALSE(file.open(path.c_str(), inode_of(path)));
}

}  // namespace
}  // namespace servicekit::os

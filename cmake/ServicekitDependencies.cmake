# The libraries that servicekit is built with. Only sources under src/ include them.
find_package(Threads REQUIRED)

set(Boost_USE_STATIC_LIBS ${SERVICEKIT_STATIC_BOOST})
find_package(Boost 1.74 REQUIRED COMPONENTS log)

set(ZLIB_USE_STATIC_LIBS ${SERVICEKIT_STATIC_BOOST})
find_package(ZLIB REQUIRED)

# Only the headers: one of our sources compiles all of fmt, so programs do not need it at run time.
find_path(SERVICEKIT_FMT_INCLUDE_DIRS fmt/format.h REQUIRED)
mark_as_advanced(SERVICEKIT_FMT_INCLUDE_DIRS)

find_package(RapidJSON QUIET)
if(NOT RAPIDJSON_INCLUDE_DIRS)
    find_path(RAPIDJSON_INCLUDE_DIRS rapidjson/reader.h REQUIRED)
endif()

# Only the headers: with a target of its package, every user of the installed library would need the package, too.
find_path(SERVICEKIT_CLI11_INCLUDE_DIRS CLI/CLI.hpp REQUIRED)
mark_as_advanced(SERVICEKIT_CLI11_INCLUDE_DIRS)

# Only the header, and optional: the verb `repl` loads the library at run time for line editing.
find_path(SERVICEKIT_LIBEDIT_INCLUDE_DIR histedit.h)
mark_as_advanced(SERVICEKIT_LIBEDIT_INCLUDE_DIR)

# The mocks need GoogleMock. They are for users, too, so a build without GoogleMock leaves them out. A project that adds
# this one as a subdirectory may have a GoogleMock of its own.
if(NOT TARGET GTest::gmock)
    if(SERVICEKIT_TESTS)
        find_package(GTest 1.12 REQUIRED)
    else()
        find_package(GTest 1.12 QUIET)
    endif()
endif()
if(SERVICEKIT_BENCH)
    find_package(benchmark REQUIRED)
endif()

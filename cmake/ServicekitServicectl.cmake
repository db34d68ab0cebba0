# The component servicectl is one program for all services of a machine.
if(NOT SERVICEKIT_SERVICECTL)
    return()
endif()

# For `servicectl top` only. Neither the library nor a service links it.
set(CURSES_NEED_NCURSES ON)
set(CURSES_NEED_WIDE ON)
find_package(Curses QUIET)
if(NOT CURSES_FOUND)
    message(FATAL_ERROR "servicectl needs ncurses with wide characters (in Debian: libncurses-dev). "
        "SERVICEKIT_SERVICECTL=OFF builds everything else.")
endif()

# For `servicectl web` only, as well: Asio and Beast are headers of Boost, which the library needs anyway.
find_package(OpenSSL QUIET)
if(NOT OPENSSL_FOUND)
    message(FATAL_ERROR "servicectl needs OpenSSL (in Debian: libssl-dev). "
        "SERVICEKIT_SERVICECTL=OFF builds everything else.")
endif()

# The files of src/servicectl/new/template become a source: `servicectl new` writes them.
set(template_directory "${PROJECT_SOURCE_DIR}/src/servicectl/new/template")
file(GLOB_RECURSE template_files CONFIGURE_DEPENDS RELATIVE "${template_directory}" "${template_directory}/*")
set(template_entries "")
foreach(file IN LISTS template_files)
    file(READ "${template_directory}/${file}" content)
    string(APPEND template_entries "    {\"${file}\", R\"TEMPLATE(${content})TEMPLATE\"},\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${template_directory}/${file}")
endforeach()
set(template_source "${PROJECT_BINARY_DIR}/servicectl/template_files.cpp")
configure_file("src/servicectl/new/template_files.cpp.in" "${template_source}" @ONLY)

# The tests link these sources, too.
file(GLOB servicectl_sources CONFIGURE_DEPENDS
    "src/servicectl/*.cpp" "src/servicectl/new/*.cpp" "src/servicectl/top/*.cpp" "src/servicectl/watch/*.cpp"
    "src/servicectl/web/*.cpp" "src/servicectl/web/pages/*.cpp")
add_library(servicekit_servicectl_parts OBJECT EXCLUDE_FROM_ALL ${servicectl_sources} "${template_source}")
servicekit_target(servicekit_servicectl_parts)
target_include_directories(servicekit_servicectl_parts PRIVATE src)
target_link_libraries(servicekit_servicectl_parts PUBLIC servicekit)
servicekit_pages(servicekit_servicectl_parts servicectl/reference_pages.hpp servicekit::servicectl::reference_page
    servicectl.md reference/environment.md reference/settings.md reference/states.md reference/verbs.md)
# The browser loads these from `servicectl web`.
set(web_pages "src/servicectl/web/pages")
servicekit_texts(servicekit_servicectl_parts servicectl/web/pages/asset_texts.hpp
    servicekit::servicectl::web::asset_text "${web_pages}/icon.svg" "${web_pages}/page.js" "${web_pages}/style.css")

add_executable(servicectl src/servicectl/program/main.cpp src/servicectl/program/curses_screen.cpp
    src/servicectl/program/asio_loop.cpp src/servicectl/program/web_server.cpp)
servicekit_target(servicectl)
# Beast takes longer to compile than all the rest. It uses std::aligned_storage, of which clang++ warns in C++23.
set_source_files_properties(src/servicectl/program/web_server.cpp PROPERTIES
    SKIP_UNITY_BUILD_INCLUSION ON COMPILE_OPTIONS "$<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>")
target_include_directories(servicectl PRIVATE src)
target_include_directories(servicectl SYSTEM PRIVATE ${CURSES_INCLUDE_DIRS})
target_link_libraries(servicectl PRIVATE servicekit_servicectl_parts ${CURSES_LIBRARIES} Boost::headers OpenSSL::SSL)

# Its man pages and completion scripts come from its own tables, so it prints them itself.
if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
    message(STATUS "The man pages and completion scripts of servicectl are left out: this machine cannot run it")
    return()
endif()
set(servicectl_pages "${PROJECT_BINARY_DIR}/servicectl")
add_custom_command(TARGET servicectl POST_BUILD
    COMMAND "${CMAKE_COMMAND}" -D "PROGRAM=$<TARGET_FILE:servicectl>" -D "DIRECTORY=${servicectl_pages}"
            -D "EMULATOR=${CMAKE_CROSSCOMPILING_EMULATOR}" -P "${PROJECT_SOURCE_DIR}/cmake/servicectl_pages.cmake"
    BYPRODUCTS "${servicectl_pages}/servicectl.1" "${servicectl_pages}/servicekit.7" "${servicectl_pages}/servicectl"
               "${servicectl_pages}/_servicectl" "${servicectl_pages}/servicectl.fish"
    VERBATIM)

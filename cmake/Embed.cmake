# Run by the build: cmake -DFOLDER=<templates> -DOUTPUT=<file.c> -P Embed.cmake
# Writes the templates below a folder as a table of bytes (struct template of
# core/generate/private.h). FOLDER/<kind>/<path>.in becomes {"<kind>", "<path>", ...}.
file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*.in)
list(SORT files)
set(texts "")
set(rows "")
set(number 0)
foreach(file ${files})
  file(READ ${FOLDER}/${file} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "^([^/]+)/(.+)\\.in$" "\"\\1\", \"\\2\"" names ${file})
  string(APPEND texts "static const char text_${number}[] = {${bytes}0};\n")
  string(APPEND rows "\t{${names}, text_${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "/* Written by cmake/Embed.cmake. */\n#include \"generate/private.h\"\n\n${texts}
const struct template plugin_templates[] = {\n${rows}};
const size_t plugin_template_count = COUNT_OF(plugin_templates);\n")

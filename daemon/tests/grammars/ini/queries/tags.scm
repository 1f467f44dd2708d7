; What a configuration file defines.
(section name: (section_name) @name) @definition.module

(
  (comment)* @doc
  .
  (setting name: (key) @name) @definition.property
)

(setting name: (key) @name) @definition.field
(setting value: (value) @name) @reference.value

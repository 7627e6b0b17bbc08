//! What a drawing may consist of (SVG 2).

/// Elements that draw, or that say how or what. Others are left out with all that is in them.
#[rustfmt::skip]
pub const ELEMENTS: &[&str] = &[
    "animate", "animateMotion", "animateTransform", "circle", "clipPath", "defs", "desc", "ellipse", "feBlend",
    "feColorMatrix", "feComponentTransfer", "feComposite", "feConvolveMatrix", "feDiffuseLighting",
    "feDisplacementMap", "feDistantLight", "feDropShadow", "feFlood", "feFuncA", "feFuncB", "feFuncG", "feFuncR",
    "feGaussianBlur", "feMerge", "feMergeNode", "feMorphology", "feOffset", "fePointLight", "feSpecularLighting",
    "feSpotLight", "feTile", "feTurbulence", "filter", "g", "image", "line", "linearGradient", "marker", "mask",
    "mpath", "path", "pattern", "polygon", "polyline", "radialGradient", "rect", "set", "stop", "style", "svg",
    "switch", "symbol", "text", "textPath", "title", "tspan", "use", "view",
];

/// Elements that hold text.
pub const TEXT: &[&str] = &["desc", "style", "text", "textPath", "title", "tspan"];

/// Attributes that say how something looks. `href` and those that hold CSS are looked into besides.
#[rustfmt::skip]
pub const ATTRIBUTES: &[&str] = &[
    "accumulate", "additive", "alignment-baseline", "amplitude", "aria-hidden", "aria-label", "aria-labelledby",
    "attributeName", "attributeType", "azimuth", "baseFrequency", "baseline-shift", "begin", "bias", "by",
    "calcMode", "class", "clip", "clip-path", "clip-rule", "clipPathUnits", "color", "color-interpolation",
    "color-interpolation-filters", "cursor", "cx", "cy", "d", "diffuseConstant", "direction", "display",
    "divisor", "dominant-baseline", "dur", "dx", "dy", "edgeMode", "elevation", "end", "exponent", "fill",
    "fill-opacity", "fill-rule", "filter", "filterUnits", "flood-color", "flood-opacity", "font-family",
    "font-size", "font-size-adjust", "font-stretch", "font-style", "font-variant", "font-weight", "fr", "from",
    "fx", "fy", "gradientTransform", "gradientUnits", "height", "href", "id", "image-rendering", "in", "in2",
    "intercept", "k1", "k2", "k3", "k4", "kernelMatrix", "kernelUnitLength", "keyPoints", "keySplines",
    "keyTimes", "lang", "lengthAdjust", "letter-spacing", "lighting-color", "limitingConeAngle", "marker-end",
    "marker-mid", "marker-start", "markerHeight", "markerUnits", "markerWidth", "mask", "mask-type",
    "maskContentUnits", "maskUnits", "max", "min", "mix-blend-mode", "mode", "numOctaves", "offset", "opacity",
    "operator", "order", "orient", "overflow", "paint-order", "path", "pathLength", "patternContentUnits",
    "patternTransform", "patternUnits", "pointer-events", "points", "pointsAtX", "pointsAtY", "pointsAtZ",
    "preserveAlpha", "preserveAspectRatio", "primitiveUnits", "r", "radius", "refX", "refY", "repeatCount",
    "repeatDur", "restart", "result", "role", "rotate", "rx", "ry", "scale", "seed", "shape-rendering", "slope",
    "spacing", "specularConstant", "specularExponent", "spreadMethod", "startOffset", "stdDeviation",
    "stitchTiles", "stop-color", "stop-opacity", "stroke", "stroke-dasharray", "stroke-dashoffset",
    "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-opacity", "stroke-width", "style",
    "surfaceScale", "systemLanguage", "tableValues", "text-anchor", "text-decoration", "text-rendering",
    "textLength", "to", "transform", "transform-origin", "type", "unicode-bidi", "values", "vector-effect",
    "version", "viewBox", "visibility", "white-space", "width", "word-spacing", "writing-mode", "x", "x1", "x2",
    "xChannelSelector", "xml:lang", "xml:space", "y", "y1", "y2", "yChannelSelector", "z",
];

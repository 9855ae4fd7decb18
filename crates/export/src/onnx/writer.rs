//! A graph that grows node by node, each value under a name of its own.

use std::collections::HashSet;

use tch::Tensor;

use super::proto::{self, Attribute, Graph, Node};
use crate::Error;
use crate::program::Program;

pub(super) struct Writer<'a> {
    pub program: &'a Program,
    graph: Graph,
    /// The layer that is being written.
    layer: String,
    taken: HashSet<String>,
}

impl<'a> Writer<'a> {
    pub fn new(program: &'a Program) -> Writer<'a> {
        Writer { program, graph: Graph::default(), layer: String::new(), taken: HashSet::new() }
    }

    /// What follows belongs to this layer.
    pub fn begin(&mut self, layer: &str) {
        layer.clone_into(&mut self.layer);
    }

    /// An operator; gives the name of its result.
    pub fn node(&mut self, operator: &str, inputs: &[&str], attributes: Vec<Attribute>) -> String {
        let name = self.name(operator);
        self.output(operator, inputs, attributes, &name);
        name
    }

    /// An operator whose result has this name.
    pub fn output(&mut self, operator: &str, inputs: &[&str], attributes: Vec<Attribute>, name: &str) {
        self.graph.node.push(Node {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![name.to_owned()],
            name: Some(name.to_owned()),
            op_type: Some(operator.to_owned()),
            attribute: attributes,
        });
    }

    /// A constant of f32 values; gives its name.
    pub fn numbers(&mut self, name: &str, values: &[f32], shape: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, proto::FLOAT, shape, bytes)
    }

    /// A list of i64 values; gives its name.
    pub fn integers(&mut self, name: &str, values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, proto::INT64, &[values.len() as i64], bytes)
    }

    /// A tensor of the network under its own name.
    pub fn tensor(&mut self, name: &str) -> Result<String, Error> {
        let tensor = &self.program.tensors[name];
        self.made(name, tensor)
    }

    /// A tensor made of the network's; gives its name.
    pub fn made(&mut self, name: &str, tensor: &Tensor) -> Result<String, Error> {
        let failed = || Error::libtorch(format!("copy {name}"));
        let values = tensor.f_contiguous().and_then(|it| it.f_flatten(0, -1)).map_err(failed())?;
        let values = Vec::<f32>::try_from(values).map_err(failed())?;
        let shape = tensor.size();
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let name = self.distinct(name.to_owned());
        self.initializer(&name, proto::FLOAT, &shape, bytes);
        Ok(name)
    }

    pub fn constant(&mut self, name: &str, kind: i32, shape: &[i64], bytes: Vec<u8>) -> String {
        let name = self.name(name);
        self.initializer(&name, kind, shape, bytes);
        name
    }

    fn initializer(&mut self, name: &str, kind: i32, shape: &[i64], bytes: Vec<u8>) {
        self.graph.initializer.push(proto::Tensor {
            dims: shape.to_vec(),
            data_type: Some(kind),
            name: Some(name.to_owned()),
            raw_data: Some(bytes),
        });
    }

    pub fn into_graph(self) -> Graph {
        self.graph
    }

    /// A name of the layer's that nothing else has.
    fn name(&mut self, own: &str) -> String {
        let name = if self.layer.is_empty() { own.to_owned() } else { format!("{}/{own}", self.layer) };
        self.distinct(name)
    }

    fn distinct(&mut self, name: String) -> String {
        let mut distinct = name.clone();
        let mut number = 1;
        while !self.taken.insert(distinct.clone()) {
            number += 1;
            distinct = format!("{name}_{number}");
        }
        distinct
    }
}

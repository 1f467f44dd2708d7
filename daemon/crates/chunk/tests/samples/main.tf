# Where the harbour runs.
terraform {
  required_version = ">= 1.5"
}

provider "aws" {
  region = var.region
}

variable "region" {
  type    = string
  default = "eu-west-1"
}

locals {
  name  = "harbour"
  ports = [80, 443]
}

# The machine.
resource "aws_instance" "web" {
  ami = data.aws_ami.linux.id
  tags = {
    Name = local.name
  }
}

data "aws_ami" "linux" {
  most_recent = true
}

module "network" {
  source = "./network"
}

output "address" {
  value = aws_instance.web.public_ip
}
